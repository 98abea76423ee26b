// Adapters with random weights for any model, and models that have them merged into their weights.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/rng.h"
#include "base/testing/result.h"
#include "formats/writer.h"
#include "model/adapters/adapter.h"

namespace linnet::testing {

// The low-rank update of a tensor of the model's file, stacked where the tensor is.
struct RandomUpdate {
    Shape down_shape, up_shape;
    std::vector<float> down, up;
};

struct RandomAdapter {
    std::map<std::string, RandomUpdate> updates;  // by tensor
    float alpha = 8;

    // Changes `part` of the tensors of a GGUF file, at random.
    static RandomAdapter make(const Model& model, uint64_t rank, double part, uint64_t seed) {
        RandomAdapter out;
        Rng rng(seed);
        auto draw = [&](const Shape& shape, double size) {
            std::vector<float> values(*shape.values());
            for (float& value : values)
                value = static_cast<float>((rng.uniform() - 0.5) * 2 * size);
            return values;
        };
        std::set<std::string> tensors;
        for (const AdapterSite& site : model.sites()) tensors.insert(site.tensor);
        for (const std::string& name : tensors) {
            const Tensor* tensor = model.checkpoint().find(name);
            if (!tensor || rng.uniform() >= part) continue;  // a head that is the embedding
            std::vector<uint64_t> dims(tensor->shape.dims().begin(), tensor->shape.dims().end());
            RandomUpdate update;
            uint64_t& rows = dims[dims.size() - 2];
            uint64_t& columns = dims.back();
            uint64_t own_rows = rows, own_columns = columns;
            rows = rank, columns = own_columns;
            update.down_shape = Shape(dims);
            rows = own_rows, columns = rank;
            update.up_shape = Shape(dims);
            update.down = draw(update.down_shape, 1 / std::sqrt(static_cast<double>(own_columns)));
            update.up = draw(update.up_shape, 0.5);
            out.updates.emplace(name, std::move(update));
        }
        return out;
    }

    float scale() const {
        return updates.empty() ? 0
                               : alpha / static_cast<float>(updates.begin()->second.up_shape.row());
    }

    void write(const Path& path, std::string_view architecture) const {
        MetadataBuilder metadata;
        metadata.set("general.type", "adapter");
        metadata.set("general.architecture", architecture);
        metadata.set("adapter.type", "lora");
        metadata.set("adapter.lora.alpha", alpha);
        std::vector<TensorPlan> plan;
        for (const auto& [name, update] : updates) {
            plan.push_back({name + ".lora_a", dtype_named("f32"), update.down_shape});
            plan.push_back({name + ".lora_b", dtype_named("f32"), update.up_shape});
        }
        auto writer = must(CheckpointWriter::create(path, metadata, plan));
        for (const auto& [name, update] : updates) {
            must(writer.append(std::as_bytes(std::span(update.down))));
            must(writer.append(std::as_bytes(std::span(update.up))));
        }
        must(writer.finish());
    }

    // weights + scale * up down, in place.
    void merge(const RandomUpdate& update, std::vector<float>& weights) const {
        const Shape& up = update.up_shape;
        const size_t rank = up.row(), rows = up[up.rank() - 2], columns = update.down_shape.row();
        for (size_t row = 0; row < weights.size() / columns; row++)
            for (size_t c = 0; c < columns; c++) {
                double sum = 0;
                for (size_t k = 0; k < rank; k++)
                    sum += static_cast<double>(update.up[row * rank + k]) *
                           update.down[(row / rows * rank + k) * columns + c];
                weights[row * columns + c] += static_cast<float>(scale() * sum);
            }
    }

    void write_merged(const Checkpoint& model, const Path& path) const {
        std::vector<TensorPlan> plan;
        for (const Tensor& tensor : model.tensors()) {
            bool merged = updates.contains(std::string(tensor.name));
            plan.push_back({std::string(tensor.name), merged ? dtype_named("f32") : tensor.dtype,
                            tensor.shape});
        }
        auto writer = must(CheckpointWriter::create(path, MetadataBuilder(model.metadata()), plan));
        for (const Tensor& tensor : model.tensors()) {
            auto found = updates.find(std::string(tensor.name));
            if (found == updates.end()) {
                must(writer.append(tensor.data));
                continue;
            }
            std::vector<float> weights(tensor.values);
            tensor.dtype->decode(tensor.data.data(), weights.data(), weights.size());
            merge(found->second, weights);
            must(writer.append(std::as_bytes(std::span(weights))));
        }
        must(writer.finish());
    }
};

inline std::shared_ptr<const Adapter> load_adapter(const Path& path,
                                                   const std::shared_ptr<const Model>& model) {
    return must(Adapter::load(must(AdapterFile::open(path)), model));
}

}  // namespace linnet::testing
