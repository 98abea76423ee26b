#include "compress/collect.h"

#include <algorithm>
#include <unordered_map>

#include "base/text.h"
#include "compress/mixture.h"

namespace linnet {
namespace {

bool is_embedding(std::string_view name) {
    return name == "token_embd.weight";
}

// A tensor's matrices, and what came to each.
struct Sums {
    const Tensor* tensor;
    uint64_t columns;
    std::vector<double> squares;   // (matrices, columns)
    std::vector<uint64_t> tokens;  // (matrices)
};

// Matrices are known by where their weights lie in the file; the several of a tensor of experts lie
// one after the other.
class Collector final : public ActivationObserver {
  public:
    Collector(const Checkpoint& checkpoint, bool head) {
        const bool tied = checkpoint.find("output.weight") == nullptr;
        for (const Tensor& tensor : checkpoint.tensors()) {
            const bool is_head = tied ? is_embedding(tensor.name) : tensor.name == "output.weight";
            const bool is_wanted = is_head ? head : tensor.name.starts_with("blk.");
            if (!is_wanted || !is_quantizable(tensor)) continue;
            const uint64_t matrices = tensor.shape.rank() > 2 ? tensor.shape[0] : 1;
            const uint64_t columns = tensor.shape.row();
            for (uint64_t i = 0; i < matrices; i++)
                places_[tensor.data.data() + i * (tensor.data.size() / matrices)] = {sums_.size(),
                                                                                     i};
            sums_.push_back({&tensor, columns, std::vector<double>(matrices * columns),
                             std::vector<uint64_t>(matrices)});
        }
    }

    void see(const Matrix& weight, const float* x, size_t tokens) override {
        auto place = places_.find(weight.bytes().data());
        if (place == places_.end()) return;
        Sums& sums = sums_[place->second.tensor];
        if (weight.columns() != sums.columns) return;
        double* to = sums.squares.data() + place->second.matrix * sums.columns;
        for (size_t t = 0; t < tokens; t++)
            for (size_t i = 0; i < sums.columns; i++)
                to[i] += double{x[t * sums.columns + i]} * x[t * sums.columns + i];
        sums.tokens[place->second.matrix] += tokens;
    }

    std::vector<Importance::Entry> entries() const {
        std::vector<Importance::Entry> out;
        for (const Sums& sums : sums_) {
            if (std::ranges::all_of(sums.tokens, [](uint64_t count) { return count == 0; }))
                continue;
            Importance::Entry entry{std::string(sums.tensor->name), {}, {}};
            for (double square : sums.squares) entry.sums.push_back(static_cast<float>(square));
            for (uint64_t count : sums.tokens) entry.counts.push_back(static_cast<float>(count));
            out.push_back(std::move(entry));
        }
        std::ranges::sort(out, {}, &Importance::Entry::tensor);
        return out;
    }

  private:
    struct Place {
        size_t tensor;
        uint64_t matrix;
    };
    std::vector<Sums> sums_;
    std::unordered_map<const std::byte*, Place> places_;
};

}  // namespace

Result<Importance> collect_importance(Scorer& scorer, const Checkpoint& checkpoint,
                                      std::span<const int32_t> tokens,
                                      const CollectOptions& options, Progress& progress,
                                      const Cancel& cancel) {
    Chunks chunks = TRY(Chunks::cut(tokens, scorer.context(), options.chunks));
    Collector collector(checkpoint, options.head);
    progress.count_in("chunks");
    progress.begin("reading the text", chunks.count(), 0);
    for (size_t i = 0; i < chunks.count(); i++) {
        TRY(scorer.show(chunks.at(i), options.head, collector, cancel));
        progress.at(i + 1);
    }
    progress.end();
    Importance out;
    out.entries = collector.entries();
    out.chunks = static_cast<uint32_t>(chunks.count());
    out.chunk_tokens = static_cast<uint32_t>(chunks.length());
    if (out.entries.empty())
        return Error{Code::Unsupported,
                     "none of the model's matrices are multiplied as they lie in the file",
                     "use a GGUF file of the model"};
    return out;
}

}  // namespace linnet
