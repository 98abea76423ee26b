#include "compress/prune/part_file.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "compress/mixture.h"

namespace linnet {

Result<PartPlan> PartPlan::all_of(const Checkpoint& checkpoint) {
    if (checkpoint.format() != Format::Gguf)
        return Error{Code::Unsupported, "GGUF files can be pruned, no other",
                     "convert the model by linnet quantize first"};
    PartPlan plan{checkpoint, MetadataBuilder(checkpoint.metadata()), {}};
    // What only pieces of a split file have, and how the old file was laid out.
    for (std::string_view key :
         {"split.no", "split.count", "split.tensors.count", "general.alignment"})
        plan.metadata.erase(key);
    for (const Tensor& tensor : checkpoint.tensors())
        plan.parts.push_back({&tensor, {std::string(tensor.name), tensor.dtype, tensor.shape}});
    std::ranges::sort(plan.parts, tensor_before,
                      [](const PlannedPart& part) { return part.source->name; });
    return plan;
}

std::vector<TensorPlan> PartPlan::layout() const {
    std::vector<TensorPlan> out;
    for (const PlannedPart& part : parts) out.push_back(part.becomes);
    return out;
}

Result<uint64_t> PartPlan::file_bytes() const {
    return planned_file_bytes(metadata, layout());
}

Result<std::vector<float>> weights_of(const Tensor& tensor) {
    std::vector<float> weights(tensor.values);
    tensor.dtype->decode(tensor.data.data(), weights.data(), weights.size());
    if (!std::ranges::all_of(weights, [](float each) { return std::isfinite(each); }))
        return Error{Code::BadInput,
                     cat("tensor '", printable(tensor.name), "' has weights that are no numbers"),
                     "get the model again, or elsewhere"};
    return weights;
}

const DType* format_of_changed(const DType& dtype) {
    return dtype.block_values == 1 ? &dtype : dtype_named("f16");
}

Result<> write_parts(const PartPlan& plan, PartSource& source, const Path& path, Progress& progress,
                     const Cancel& cancel) {
    constexpr size_t piece_bytes = 4 << 20;
    auto writer = TRY(CheckpointWriter::create(path, plan.metadata, plan.layout()));
    progress.count_in("");
    progress.begin(cat("writing ", path.filename()), TRY(plan.file_bytes()), 0);
    uint64_t done = 0;
    for (const PlannedPart& part : plan.parts) {
        TRY(cancel.check());
        Bytes bytes = TRY(source.bytes_of(part));
        while (!bytes.empty()) {
            TRY(cancel.check());
            const Bytes piece = bytes.first(std::min(bytes.size(), piece_bytes));
            TRY(writer.append(piece));
            bytes = bytes.subspan(piece.size());
            progress.at(done += piece.size());
        }
    }
    TRY(writer.finish());
    progress.end();
    return Done{};
}

}  // namespace linnet
