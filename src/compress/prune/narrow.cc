#include "compress/prune/narrow.h"

#include <algorithm>
#include <array>
#include <memory>

#include "base/text.h"
#include "compress/prune/drop_layers.h"
#include "compress/prune/prunable.h"

namespace linnet {
namespace {

struct NarrowNames {
    std::string_view what, output;
    std::array<std::string_view, 3> inputs;  // whose rows go
};
constexpr NarrowNames head_names{"heads", "attn_output.weight", {"attn_q.", "attn_k.", "attn_v."}};
constexpr NarrowNames channel_names{"channels", "ffn_down.weight", {"ffn_gate.", "ffn_up."}};

const NarrowNames& names_of(Narrowing kind) {
    return kind == Narrowing::Heads ? head_names : channel_names;
}

bool is_input(const NarrowNames& names, std::string_view part) {
    return std::ranges::any_of(names.inputs, [&](std::string_view start) {
        return !start.empty() && part.starts_with(start);
    });
}

Error odd_tensor(const Tensor& tensor, uint32_t groups, std::string_view what) {
    return Error{Code::BadInput,
                 cat("tensor '", printable(tensor.name), "' of ", shape_text(tensor.shape),
                     " does not fit the model's ", groups, " ", what)};
}

Shape with_dim(const Shape& shape, size_t place, uint64_t dim) {
    std::vector<uint64_t> dims(shape.dims().begin(), shape.dims().end());
    dims[place] = dim;
    return Shape(dims);
}

Result<uint32_t> count_now(const PrunableModel& model, Narrowing kind) {
    const NarrowNames& names = names_of(kind);
    const std::string_view why =
        kind == Narrowing::Heads ? model.family->heads : model.family->channels;
    const uint32_t now = kind == Narrowing::Heads ? model.kv_heads : model.channels;
    if (!why.empty() || now == 0)
        return Error{Code::Unsupported,
                     cat(names.what, " of a model of the architecture '",
                         model.family->architecture, "' cannot be dropped: ",
                         why.empty() ? "it has not as many of them in each layer" : why),
                     "prune another part of it, or quantize it"};
    return now;
}

}  // namespace

Result<NarrowPlan> plan_narrowing(const Checkpoint& checkpoint, Narrowing kind, uint32_t after) {
    const PrunableModel model = TRY(PrunableModel::of(checkpoint));
    const NarrowNames& names = names_of(kind);
    const uint32_t before = TRY(count_now(model, kind));
    if (after == 0 || after >= before)
        return Error{Code::Usage,
                     cat("of ", before, " ", kind == Narrowing::Heads ? "key-value " : "",
                         names.what, " a layer ", after, " would be left"),
                     "drop one at least, and leave one"};
    NarrowPlan plan{TRY(PartPlan::all_of(checkpoint)), kind, before, after,
                    std::vector<const Tensor*>(model.layers)};
    for (PlannedPart& part : plan.file.parts) {
        const Tensor& tensor = *part.source;
        auto place = LayerTensor::parse(tensor.name);
        if (!place || place->layer >= model.layers) continue;
        if (is_input(names, place->part)) {
            if (tensor.shape.rank() > 2 || tensor.shape.rank() == 0 ||
                tensor.shape[0] % before != 0)
                return odd_tensor(tensor, before, names.what);
            part.becomes.shape = with_dim(tensor.shape, 0, tensor.shape[0] / before * after);
        } else if (place->part == names.output) {
            if (tensor.shape.rank() != 2 || tensor.shape.row() % before != 0)
                return odd_tensor(tensor, before, names.what);
            part.becomes.shape = with_dim(tensor.shape, 1, tensor.shape.row() / before * after);
            part.becomes.dtype = format_of_changed(*tensor.dtype);
            plan.outputs[place->layer] = &tensor;
        }
    }
    for (uint32_t layer = 0; layer < model.layers; layer++)
        if (!plan.outputs[layer])
            return Error{Code::Unsupported,
                         cat("layer ", layer, " has no matrix '", names.output, "', by which ",
                             names.what, " are judged"),
                         "prune another part of the model, or quantize it"};
    const std::string prefix = cat(model.family->architecture, ".");
    MetadataBuilder& metadata = plan.file.metadata;
    if (kind == Narrowing::Channels) {
        metadata.set(prefix + "feed_forward_length", after);
    } else {
        metadata.set(prefix + "attention.head_count", model.heads / before * after);
        metadata.set(prefix + "attention.head_count_kv", after);
        metadata.set(prefix + "attention.key_length", model.head_dim);
        metadata.set(prefix + "attention.value_length", model.value_dim);
    }
    return plan;
}

Result<> NarrowedParts::choose(uint32_t layer) {
    const Tensor& tensor = *plan_.outputs[layer];
    const size_t columns = tensor.shape.row(), width = columns / plan_.before;
    const std::vector<float> weights = TRY(weights_of(tensor));
    const auto measured = TRY(squares_.of(tensor, plan_.outputs));
    const InputSquares squares = InputSquares::of(measured, columns, options_.damping);
    Removal removal = remove_groups(squares, weights, width, plan_.before - plan_.after, pool_);
    Layer chosen;
    for (const RemovedGroup& each : removal.removed) chosen.error += each.error;
    chosen.error /= product_squares(squares, weights, pool_);
    for (size_t i = 0; i < removal.kept.size(); i += width)
        chosen.kept.push_back(removal.kept[i] / static_cast<uint32_t>(width));
    if (layers_.size() <= layer) layers_.resize(layer + 1);
    layers_[layer] = std::move(chosen);

    const size_t rows = tensor.values / columns, kept = removal.kept.size();
    if (!options_.refit)
        for (size_t r = 0; r < rows; r++)
            for (size_t i = 0; i < kept; i++)
                removal.weights[r * kept + i] = weights[r * columns + removal.kept[i]];
    const DType& dtype = *format_of_changed(*tensor.dtype);
    output_.resize(*dtype.bytes_of(removal.weights.size()));
    dtype.encode(removal.weights.data(), output_.data(), removal.weights.size());

    // The same with all columns, for the layers behind: those that went are zeros.
    std::vector<float> wide(weights.size());
    for (size_t r = 0; r < rows; r++)
        for (size_t i = 0; i < kept; i++)
            wide[r * columns + removal.kept[i]] = removal.weights[r * kept + i];
    auto blocks = std::make_shared<std::vector<std::byte>>(*dtype.bytes_of(wide.size()));
    dtype.encode(wide.data(), blocks->data(), wide.size());
    squares_.replace({std::string(tensor.name), &dtype, tensor.shape, std::move(blocks)});
    return Done{};
}

// Rows of matrices, values of vectors. A fused matrix of gate and up has each channel twice.
void NarrowedParts::keep_rows(const Tensor& tensor, const Layer& layer) {
    const size_t bytes = tensor.data.size() / tensor.shape[0];
    const bool fused = plan_.kind == Narrowing::Channels && tensor.shape[0] == 2 * plan_.before;
    const size_t parts = fused ? 2 : 1, width = tensor.shape[0] / plan_.before / parts;
    held_.clear();
    for (size_t part = 0; part < parts; part++)
        for (uint32_t group : layer.kept) {
            const Bytes rows =
                tensor.data.subspan((part * plan_.before + group) * width * bytes, width * bytes);
            held_.insert(held_.end(), rows.begin(), rows.end());
        }
}

Result<Bytes> NarrowedParts::bytes_of(const PlannedPart& part) {
    const Tensor& tensor = *part.source;
    if (part.becomes.shape == tensor.shape) return tensor.data;
    const uint32_t layer = LayerTensor::parse(tensor.name)->layer;
    if (layer >= layers_.size() || layers_[layer].kept.empty()) TRY(choose(layer));
    if (&tensor == plan_.outputs[layer]) return Bytes(output_);
    keep_rows(tensor, layers_[layer]);
    return Bytes(held_);
}

}  // namespace linnet
