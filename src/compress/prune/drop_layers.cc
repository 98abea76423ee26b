#include "compress/prune/drop_layers.h"

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <numeric>

#include "base/text.h"
#include "compress/prune/prunable.h"
#include "compress/trial_scorer.h"
#include "eval/divergence.h"

namespace linnet {
namespace {

// Tokens at the beginning of a chunk see too little to say much.
constexpr size_t tokens_uncounted = 16;
// Layers that are measured anew besides as many as are still to go.
constexpr size_t spare_candidates = 4;

// Settings that have a value for each layer.
constexpr std::string_view by_layer[] = {"attention.head_count", "attention.head_count_kv",
                                         "feed_forward_length", "attention.sliding_window_pattern",
                                         "no_rope_layers"};

bool adds_to_stream(std::string_view part) {
    return std::ranges::any_of(
        std::array{"attn_output.", "ffn_down", "ssm_out.", "shortconv.out_proj."},
        [&](std::string_view start) { return part.starts_with(start); });
}

// One for all tensors of a size.
using Zeros = std::shared_ptr<const std::vector<std::byte>>;

template <class T>
void keep_places(MetadataBuilder& metadata, std::string_view key, const std::vector<T>& all,
                 std::span<const uint32_t> dropped) {
    std::vector<T> out;
    for (size_t i = 0; i < all.size(); i++)
        if (!std::ranges::binary_search(dropped, static_cast<uint32_t>(i))) out.push_back(all[i]);
    if constexpr (std::same_as<T, bool>) {
        std::vector<std::byte> flags;
        for (bool each : out) flags.push_back(std::byte{each});
        Reader reader(flags);
        auto value = Array::read(reader, ValueType::Bool, flags.size());
        check(static_cast<bool>(value), "flags are an array");
        metadata.set(key, *value);
    } else {
        metadata.set_array(key, std::span<const T>(out));
    }
}

// Drops a setting's values of layers that go. A setting with one value for all stays.
void renumber(MetadataBuilder& metadata, const Value& old, std::string_view key, uint32_t layers,
              std::span<const uint32_t> dropped) {
    auto array = old.as_array();
    if (!array || array->size() != layers) return;
    if (auto flags = array->to<bool>()) return keep_places(metadata, key, *flags, dropped);
    if (auto numbers = array->to<int32_t>()) return keep_places(metadata, key, *numbers, dropped);
    if (auto numbers = array->to<float>()) return keep_places(metadata, key, *numbers, dropped);
}

Result<PrunableModel> with_layers_alike(const Checkpoint& checkpoint) {
    PrunableModel model = TRY(PrunableModel::of(checkpoint));
    const std::string_view family = model.family->architecture;
    const Metadata& metadata = checkpoint.metadata();
    const Value* pattern = metadata.find(cat(family, ".attention.sliding_window_pattern"));
    const bool windows = metadata.uint_of(cat(family, ".attention.sliding_window")).value_or(0) > 0;
    std::string_view why = model.family->layers;
    if (pattern ? !pattern->as_array() : windows && family == "olmo2")
        why = "which layers have a window depends on their place";
    if (!why.empty())
        return Error{
            Code::Unsupported,
            cat("layers of a model of the architecture '", family, "' cannot be dropped: ", why),
            "prune its channels, or quantize it"};
    return model;
}

// Of a family with layers of several kinds, those with attention have key-value heads.
bool leaves_attention(const Metadata& metadata, std::string_view family,
                      std::span<const uint32_t> gone) {
    auto array = metadata.array_of(cat(family, ".attention.head_count_kv"));
    auto heads = array ? array->to<uint32_t>() : std::nullopt;
    if (!heads || std::ranges::all_of(*heads, [](uint32_t each) { return each == 0; })) return true;
    for (uint32_t layer = 0; layer < heads->size(); layer++)
        if ((*heads)[layer] > 0 && !std::ranges::binary_search(gone, layer)) return true;
    return false;
}

class LayerTrials {
  public:
    LayerTrials(const Checkpoint& checkpoint, const LayerTrialOptions& options, ThreadPool& pool,
                const Cancel& cancel)
        : checkpoint_(checkpoint), options_(options), pool_(pool), cancel_(cancel) {}

    Result<> prepare() {
        auto scorer = TRY(scorer_of(checkpoint_));
        const size_t length = scorer->context();
        const size_t count = std::min(options_.chunks, options_.tokens.size() / length);
        if (count == 0 || length <= 2 * tokens_uncounted)
            return Error{Code::Usage,
                         cat("the text has ", options_.tokens.size(),
                             " tokens, which are too few to rank layers by"),
                         "use a longer one"};
        for (size_t i = 0; i < count; i++)
            probes_.push_back(TRY(DivergenceProbe::make(
                *scorer, options_.tokens.subspan(i * length, length), tokens_uncounted, cancel_)));
        return Done{};
    }

    Result<double> without(std::span<const uint32_t> layers) {
        auto scorer = TRY(scorer_of(with_silent_layers(checkpoint_, layers)));
        double sum = 0;
        for (const DivergenceProbe& probe : probes_) sum += TRY(probe.measure(*scorer, cancel_));
        return sum / static_cast<double>(probes_.size());
    }

  private:
    Result<std::unique_ptr<Scorer>> scorer_of(const Checkpoint& checkpoint) {
        return trial_scorer(checkpoint, options_.kernels, options_.chunk_tokens, pool_);
    }

    const Checkpoint& checkpoint_;
    const LayerTrialOptions& options_;
    ThreadPool& pool_;
    const Cancel& cancel_;
    std::vector<DivergenceProbe> probes_;
};

// How many trials rank_layers() makes.
size_t trial_count(size_t layers, size_t count) {
    size_t out = 0;
    for (size_t gone = 0; gone < count; gone++)
        out += gone == 0 ? layers : std::min(layers, count + spare_candidates) - gone;
    return out;
}

}  // namespace

std::optional<LayerTensor> LayerTensor::parse(std::string_view name) {
    if (!name.starts_with("blk.")) return std::nullopt;
    name.remove_prefix(4);
    const size_t dot = name.find('.');
    if (dot == name.npos) return std::nullopt;
    auto layer = parse_integer<uint32_t>(name.substr(0, dot));
    if (!layer) return std::nullopt;
    return LayerTensor{*layer, name.substr(dot + 1)};
}

Checkpoint with_silent_layers(const Checkpoint& checkpoint, std::span<const uint32_t> silent) {
    std::map<uint64_t, Zeros> zeros;
    std::vector<Checkpoint::Replacement> replacements;
    for (const Tensor& tensor : checkpoint.tensors()) {
        auto place = LayerTensor::parse(tensor.name);
        if (!place || std::ranges::find(silent, place->layer) == silent.end() ||
            !adds_to_stream(place->part))
            continue;
        const DType& dtype = *dtype_named(tensor.shape.rank() > 1 ? "f16" : "f32");
        Zeros& data = zeros[*dtype.bytes_of(tensor.values)];
        if (!data)
            data = std::make_shared<const std::vector<std::byte>>(*dtype.bytes_of(tensor.values));
        replacements.push_back({std::string(tensor.name), &dtype, tensor.shape, data});
    }
    return checkpoint.with(replacements);
}

Result<LayerRanking> rank_layers(const Checkpoint& checkpoint, size_t count,
                                 const LayerTrialOptions& options, ThreadPool& pool,
                                 Progress& progress, const Cancel& cancel) {
    const PrunableModel model = TRY(with_layers_alike(checkpoint));
    if (count >= model.layers)
        return Error{Code::Usage, cat(count, " layers are to go, and the model has ", model.layers),
                     "leave one at least"};
    LayerTrials trials(checkpoint, options, pool, cancel);
    TRY(trials.prepare());
    LayerRanking out{std::vector<double>(model.layers), {}};
    std::vector<uint32_t> candidates(model.layers);  // the least harmful first
    std::iota(candidates.begin(), candidates.end(), 0u);
    std::vector<double> harm(model.layers);
    std::vector<uint32_t> gone;
    size_t done = 0;
    progress.count_in("trials");
    progress.begin("ranking layers", trial_count(model.layers, count), 0);
    while (gone.size() < count) {
        for (uint32_t layer : candidates) {
            gone.push_back(layer);
            harm[layer] = TRY(trials.without(gone));
            gone.pop_back();
            progress.at(++done);
        }
        if (gone.empty()) out.alone = harm;
        std::ranges::sort(candidates, {},
                          [&](uint32_t layer) { return std::pair(harm[layer], layer); });
        gone.push_back(candidates.front());
        out.dropped.push_back({candidates.front(), harm[candidates.front()]});
        candidates.erase(candidates.begin());
        candidates.resize(std::min(candidates.size(), count - gone.size() + spare_candidates));
    }
    progress.end();
    return out;
}

Result<PartPlan> plan_without_layers(const Checkpoint& checkpoint,
                                     std::span<const uint32_t> dropped) {
    const PrunableModel model = TRY(with_layers_alike(checkpoint));
    std::vector<uint32_t> gone(dropped.begin(), dropped.end());
    std::ranges::sort(gone);
    if (std::ranges::adjacent_find(gone) != gone.end() ||
        (!gone.empty() && gone.back() >= model.layers) || gone.size() >= model.layers)
        return Error{Code::Usage, cat("the layers are 0 to ", model.layers - 1, ", each once"),
                     "name others, and leave one at least"};
    if (!leaves_attention(checkpoint.metadata(), model.family->architecture, gone))
        return Error{Code::Usage, "no layer with attention would be left", "keep one"};
    PartPlan plan = TRY(PartPlan::all_of(checkpoint));
    std::erase_if(plan.parts, [&](PlannedPart& part) {
        auto place = LayerTensor::parse(part.source->name);
        if (!place) return false;
        auto before = std::ranges::lower_bound(gone, place->layer);
        if (before != gone.end() && *before == place->layer) return true;
        part.becomes.name = cat("blk.", place->layer - static_cast<uint32_t>(before - gone.begin()),
                                ".", place->part);
        return false;
    });
    const std::string prefix = cat(model.family->architecture, ".");
    plan.metadata.set(prefix + "block_count", static_cast<uint32_t>(model.layers - gone.size()));
    for (std::string_view key : by_layer)
        if (const Value* value = checkpoint.metadata().find(prefix + std::string(key)))
            renumber(plan.metadata, *value, prefix + std::string(key), model.layers, gone);
    return plan;
}

}  // namespace linnet
