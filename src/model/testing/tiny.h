// Tiny models with their logits (tests/golden/families), and a way to run any model over prompts.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>
#include <string>
#include <vector>

#include "base/testing/data.h"
#include "base/testing/result.h"
#include "formats/writer.h"
#include "model/model.h"

namespace linnet::testing {

using Tokens = std::vector<int32_t>;
using Row = std::vector<float>;

inline Path family_folder(std::string_view name) {
    return source_folder() / "tests/golden/families" / name;
}

// What another implementation computed for a prompt: logits at some of its positions.
struct Golden {
    Tokens ids, rows;
    std::vector<Row> logits;
};

template <class T>
std::vector<T> values_of(const Checkpoint& file, std::string_view name) {
    const Tensor* tensor = file.find(name);
    check(tensor != nullptr, "the golden file holds it");
    std::vector<T> out(tensor->data.size() / sizeof(T));
    std::memcpy(out.data(), tensor->data.data(), tensor->data.size());
    return out;
}

inline std::vector<Golden> read_golden(const Path& file) {
    auto checkpoint = must(Checkpoint::open(file));
    std::vector<Golden> out;
    for (size_t i = 0; checkpoint.find(cat("ids.", i)); i++) {
        Golden golden{.ids = values_of<int32_t>(checkpoint, cat("ids.", i)),
                      .rows = values_of<int32_t>(checkpoint, cat("rows.", i)),
                      .logits = {}};
        auto logits = values_of<float>(checkpoint, cat("logits.", i));
        size_t width = logits.size() / golden.rows.size();
        for (size_t row = 0; row < golden.rows.size(); row++)
            golden.logits.emplace_back(logits.begin() + static_cast<ptrdiff_t>(row * width),
                                       logits.begin() + static_cast<ptrdiff_t>((row + 1) * width));
        out.push_back(std::move(golden));
    }
    return out;
}

// The types of an encoder's tokens, and the score of its text where it has a classifier.
struct EncoderGolden {
    std::vector<uint8_t> types;
    Row scores;
};

inline std::vector<EncoderGolden> read_encoder_golden(const Path& file) {
    auto checkpoint = must(Checkpoint::open(file));
    std::vector<EncoderGolden> out;
    for (size_t i = 0; checkpoint.find(cat("types.", i)); i++) {
        EncoderGolden golden;
        for (int32_t type : values_of<int32_t>(checkpoint, cat("types.", i)))
            golden.types.push_back(static_cast<uint8_t>(type));
        if (checkpoint.find(cat("score.", i)))
            golden.scores = values_of<float>(checkpoint, cat("score.", i));
        out.push_back(std::move(golden));
    }
    return out;
}

// A copy whose matrices are of q8_0 where their rows are whole blocks.
inline void write_quantized(const Path& from, const Path& to) {
    Checkpoint model = must(Checkpoint::open(from));
    const DType* q8_0 = dtype_named("q8_0");
    std::vector<TensorPlan> plan;
    for (const Tensor& tensor : model.tensors()) {
        bool matrix = tensor.dtype->name == "bf16" && tensor.shape.row() % 32 == 0;
        plan.push_back({std::string(tensor.name), matrix ? q8_0 : tensor.dtype, tensor.shape});
    }
    auto writer = must(CheckpointWriter::create(to, MetadataBuilder(model.metadata()), plan));
    for (size_t i = 0; i < plan.size(); i++) {
        const Tensor& tensor = model.tensors()[i];
        if (plan[i].dtype == tensor.dtype) {
            must(writer.append(tensor.data));
            continue;
        }
        std::vector<float> values(tensor.values);
        tensor.dtype->decode(tensor.data.data(), values.data(), values.size());
        std::vector<std::byte> bytes(*q8_0->bytes_of(values.size()));
        q8_0->encode(values.data(), bytes.data(), values.size());
        must(writer.append(bytes));
    }
    must(writer.finish());
}

// Runs a model over several prompts at once.
class Runner {
  public:
    Runner(std::shared_ptr<const Model> model, const Kernels& kernels, ThreadPool& pool,
           uint32_t context)
        : model_(std::move(model)),
          context_(context),
          workspace_(*model_, kernels, pool,
                     {.tokens_max = 256, .outputs_max = 256, .context_max = context}) {}

    // All logits of each prompt. In a step, prompt i gives chunks[i % size] tokens, so 1 decodes,
    // with adapters[i] where there are any.
    using Adapters = std::vector<AppliedAdapter>;
    std::vector<std::vector<Row>> run(std::span<const Tokens> prompts,
                                      std::span<const size_t> chunks,
                                      std::span<const Adapters> adapters = {}) {
        size_t pages = (context_ + KvCache::page_tokens - 1) / KvCache::page_tokens;
        auto cache = must(KvCache::make(model_->kv_shapes(), pages * prompts.size(), KvType::F32));
        std::vector<std::vector<Row>> out(prompts.size());
        std::vector<std::vector<uint32_t>> own(prompts.size());
        std::vector<Row> states(prompts.size(), Row(model_->state_floats()));
        for (size_t i = 0; i < prompts.size(); i++)  // pages of the prompts lie among each other
            for (size_t page = 0; page < pages; page++)
                own[i].push_back(static_cast<uint32_t>(page * prompts.size() + i));
        for (;;) {
            std::vector<linnet::Run> runs;
            std::vector<size_t> whose;
            for (size_t i = 0; i < prompts.size(); i++) {
                size_t done = out[i].size(), left = prompts[i].size() - done;
                if (left == 0) continue;
                size_t count = std::min(left, chunks[i % chunks.size()]);
                runs.push_back({.tokens = std::span(prompts[i]).subspan(done, count),
                                .position = static_cast<uint32_t>(done),
                                .pages = own[i],
                                .all_logits = true,
                                .state = states[i].data(),
                                .adapters = adapters.empty()
                                                ? std::span<const AppliedAdapter>()
                                                : std::span<const AppliedAdapter>(adapters[i])});
                whose.push_back(i);
            }
            if (runs.empty()) return out;
            const float* row = model_->forward({runs}, cache, workspace_).data();
            for (size_t r = 0; r < runs.size(); r++)
                for (size_t t = 0; t < runs[r].tokens.size(); t++) {
                    out[whose[r]].emplace_back(row, row + model_->config().vocabulary);
                    row += model_->config().vocabulary;
                }
        }
    }

  private:
    std::shared_ptr<const Model> model_;
    uint32_t context_;
    Workspace workspace_;
};

// How far `a` is from `b`: by the norm of the difference, and by its largest part.
inline double distance(const Row& a, const Row& b) {
    double difference = 0, length = 0, largest = 0, most = 0;
    for (size_t i = 0; i < b.size(); i++) {
        double d = static_cast<double>(a[i]) - b[i];
        if (!std::isfinite(d)) return INFINITY;
        difference += d * d;
        length += static_cast<double>(b[i]) * b[i];
        largest = std::max(largest, std::abs(d));
        most = std::max(most, std::abs(static_cast<double>(b[i])));
    }
    return std::max(std::sqrt(difference / length), largest / most);
}

}  // namespace linnet::testing
