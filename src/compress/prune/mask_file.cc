#include "compress/prune/mask_file.h"

#include <algorithm>

#include "base/text.h"
#include "compress/mixture.h"
#include "compress/prune/drop_layers.h"
#include "compress/text_feedback.h"

namespace linnet {
namespace {

bool is_masked(const Tensor& tensor) {
    return LayerTensor::parse(tensor.name) && is_quantizable(tensor) && tensor.dtype->decode;
}

}  // namespace

Result<MaskPlan> plan_masks(const Checkpoint& checkpoint, MaskMethod method) {
    MaskPlan plan{TRY(PartPlan::all_of(checkpoint)), {}};
    bool any = false;
    for (PlannedPart& part : plan.file.parts) {
        const Tensor& tensor = *part.source;
        if (!is_masked(tensor)) continue;
        any = true;
        part.becomes.dtype = format_of_changed(*tensor.dtype);
        if (method != MaskMethod::SparseGpt) continue;
        if (tensor.shape.rank() != 2)
            return Error{Code::Unsupported,
                         cat("tensor '", printable(tensor.name),
                             "' is of experts, for which sparsegpt is not made"),
                         "use --method wanda"};
        const Tensor* input = checkpoint.find(shared_input_name(checkpoint, tensor));
        if (std::ranges::find(plan.inputs, input) == plan.inputs.end())
            plan.inputs.push_back(input);
    }
    if (!any)
        return Error{Code::Unsupported, "the model has no layers with matrices to put zeros into"};
    return plan;
}

Result<> MaskedParts::mask_with_feedback(const Tensor& tensor, std::span<float> weights) {
    const uint32_t layer = LayerTensor::parse(tensor.name)->layer;
    if (layer != layer_) of_layer_.clear();
    layer_ = layer;
    const Checkpoint& checkpoint = plan_.file.checkpoint;
    const std::string name = shared_input_name(checkpoint, tensor);
    auto known = of_layer_.find(name);
    if (known == of_layer_.end()) {
        const auto squares = TRY(options_.squares->of(*checkpoint.find(name), plan_.inputs));
        known = of_layer_
                    .emplace(name, Feedback::of(squares, static_cast<size_t>(tensor.shape.row()),
                                                *options_.kernels))
                    .first;
    }
    mask_by_sparsegpt(weights, known->second, options_.pattern, pool_);
    return Done{};
}

// A tensor of experts is several matrices, one after the other.
Result<> MaskedParts::mask(const Tensor& tensor, std::span<float> weights) {
    if (options_.method == MaskMethod::SparseGpt) return mask_with_feedback(tensor, weights);
    const size_t columns = tensor.shape.row(),
                 matrices = tensor.shape.rank() > 2 ? tensor.shape[0] : 1,
                 each = weights.size() / matrices;
    std::vector<float> means;
    if (options_.method == MaskMethod::Wanda) {
        const Importance::Entry* entry = options_.importance->find(tensor.name);
        if (entry) means = entry->means();
        if (means.size() != matrices * columns)
            return Error{Code::Unsupported,
                         cat("nothing is known of what tensor '", printable(tensor.name),
                             "' is multiplied with"),
                         "use --method magnitude"};
    }
    for (size_t i = 0; i < matrices; i++) {
        auto matrix = weights.subspan(i * each, each);
        if (options_.method == MaskMethod::Magnitude)
            mask_by_magnitude(matrix, columns, options_.pattern);
        else
            mask_by_wanda(matrix, std::span(means).subspan(i * columns, columns), options_.pattern,
                          pool_);
    }
    return Done{};
}

Result<Bytes> MaskedParts::bytes_of(const PlannedPart& part) {
    const Tensor& tensor = *part.source;
    if (!is_masked(tensor)) return tensor.data;
    std::vector<float> weights = TRY(weights_of(tensor));
    TRY(mask(tensor, weights));
    count_.matrices++;
    count_.weights += weights.size();
    count_.zeros += static_cast<uint64_t>(std::ranges::count(weights, 0.0f));
    const DType& dtype = *part.becomes.dtype;
    held_.resize(*dtype.bytes_of(weights.size()));
    dtype.encode(weights.data(), held_.data(), weights.size());
    if (options_.squares)
        options_.squares->replace({std::string(tensor.name), &dtype, tensor.shape,
                                   std::make_shared<const std::vector<std::byte>>(held_)});
    return Bytes(held_);
}

}  // namespace linnet
