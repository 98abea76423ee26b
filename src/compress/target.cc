#include "compress/target.h"

#include <algorithm>
#include <map>

#include "base/text.h"
#include "compress/allocate.h"
#include "compress/quantizer.h"
#include "eval/divergence.h"

namespace linnet {
namespace {

// Coarse enough to be seen in a short text, fine enough that the harm is still in proportion.
constexpr std::string_view trial_format = "q4_0";
// What rounding with feedback leaves of the divergence: 0.7 on the default model at 5.4 bits, all
// tensors together. It is only used to weigh formats that take feedback against others.
constexpr double feedback_share = 0.7;
// Of the text of a trial, so many tokens see too little to say much.
constexpr size_t tokens_uncounted = 16;

// Formats that are worth a try, of 8.5 bits and less: those whose blocks fill the rows.
std::vector<const Quantizer*> formats_for(uint64_t columns) {
    std::vector<const Quantizer*> out;
    for (const Quantizer& each : quantizers()) {
        const DType& dtype = *each.dtype;
        const bool ternary = dtype.bits_per_value() < 2.2;
        if (dtype.block_values > 1 && !ternary && columns % dtype.block_values == 0)
            out.push_back(&each);
    }
    return out;
}

class Trials {
  public:
    Trials(const QuantizePlan& plan, const TrialOptions& options, ThreadPool& pool,
           const Cancel& cancel)
        : plan_(plan), options_(options), pool_(pool), cancel_(cancel) {}

    Result<> prepare() {
        const size_t count = std::min(options_.tokens.size(), options_.context);
        if (count <= 2 * tokens_uncounted)
            return Error{Code::Usage, cat("the text has ", count, " tokens, which tell too little"),
                         "use a longer one"};
        auto scorer = TRY(scorer_of(plan_.checkpoint));
        probe_ = TRY(DivergenceProbe::make(*scorer, options_.tokens.first(count), tokens_uncounted,
                                           cancel_));
        return Done{};
    }

    // What it costs to round this tensor alone.
    Result<double> divergence(PlannedTensor tensor, const DType& dtype) {
        tensor.dtype = &dtype;
        auto blocks = std::make_shared<const std::vector<std::byte>>(
            TRY(quantize_tensor(tensor, pool_, cancel_)));
        Checkpoint::Replacement replacement{tensor.source->name, &dtype, std::move(blocks)};
        auto scorer = TRY(scorer_of(plan_.checkpoint.with({&replacement, 1})));
        return probe_->measure(*scorer, cancel_);
    }

  private:
    Result<std::unique_ptr<Scorer>> scorer_of(const Checkpoint& checkpoint) {
        auto model = TRY(Model::load(checkpoint, Math::F32, pool_));
        const size_t context = std::min<size_t>(options_.context, model->config().context);
        return Scorer::make(model, options_.kernels,
                            {.threads = pool_.size(),
                             .context = static_cast<uint32_t>(context),
                             .kv = KvType::F32});
    }

    const QuantizePlan& plan_;
    const TrialOptions& options_;
    ThreadPool& pool_;
    const Cancel& cancel_;
    std::optional<DivergenceProbe> probe_;
};

uint64_t padded_bytes(const PlannedTensor& tensor, const DType& dtype) {
    return *checked_align(*dtype.bytes_of(tensor.source->values), 32);
}

// The tensors that may get another format.
std::vector<TensorCosts> changeable(const QuantizePlan& plan, std::span<const RecipeRule> pinned) {
    std::vector<TensorCosts> out;
    for (size_t i = 0; i < plan.tensors.size(); i++) {
        const Tensor& tensor = *plan.tensors[i].source;
        if (is_quantizable(tensor) && !recipe_dtype(pinned, tensor.name)) out.push_back({i, {}});
    }
    return out;
}

// The mixture of the format that most weights got.
const Mixture& main_mixture(const QuantizePlan& plan) {
    std::map<const DType*, uint64_t> values;
    for (const PlannedTensor& tensor : plan.tensors)
        if (is_quantizable(*tensor.source)) values[tensor.dtype] += tensor.source->values;
    const Mixture* most = &mixtures().front();
    uint64_t values_most = 0;
    for (const Mixture& mixture : mixtures()) {
        const uint64_t count = values[dtype_named(mixture.dtype)];
        if (count > values_most) most = &mixture, values_most = count;
    }
    return *most;
}

}  // namespace

Result<std::vector<TensorCosts>> measure_costs(const QuantizePlan& plan,
                                               std::span<const RecipeRule> pinned,
                                               const TrialOptions& options, ThreadPool& pool,
                                               Progress& progress, const Cancel& cancel) {
    std::vector<TensorCosts> out = changeable(plan, pinned);
    Trials trials(plan, options, pool, cancel);
    TRY(trials.prepare());
    progress.count_in("tensors");
    progress.begin("measuring what each tensor bears", out.size(), 0);
    for (size_t i = 0; i < out.size(); i++) {
        const PlannedTensor& tensor = plan.tensors[out[i].place];
        const DType& trial = fitting_dtype(*dtype_named(trial_format), tensor.source->shape.row());
        const double divergence = TRY(trials.divergence(tensor, trial));
        const double error = TRY(rounding_error(tensor, trial, pool, cancel));
        for (const Quantizer* format : formats_for(tensor.source->shape.row())) {
            const double own = TRY(rounding_error(tensor, *format->dtype, pool, cancel));
            out[i].candidates.push_back({format->dtype, padded_bytes(tensor, *format->dtype),
                                         error > 0 ? divergence * own / error : 0});
        }
        if (out[i].candidates.empty())
            out[i].candidates.push_back({tensor.dtype, padded_bytes(tensor, *tensor.dtype), 0});
        progress.at(i + 1);
    }
    progress.end();
    return out;
}

Json costs_document(const QuantizePlan& plan, std::span<const TensorCosts> costs) {
    Json tensors = Json::object();
    for (const TensorCosts& each : costs) {
        Json formats = Json::object();
        for (const FormatCost& candidate : each.candidates)
            formats.as_object()->emplace_back(std::string(candidate.dtype->name),
                                              candidate.divergence);
        tensors.as_object()->emplace_back(std::string(plan.tensors[each.place].source->name),
                                          std::move(formats));
    }
    return Json::object({{"divergence", std::move(tensors)}});
}

Result<std::vector<TensorCosts>> costs_of(const Json& document, const QuantizePlan& plan,
                                          std::span<const RecipeRule> pinned) {
    const Error other{Code::BadInput, "the costs are of another model", "measure them anew"};
    const Json* tensors = document.find("divergence");
    if (!tensors || !tensors->is_object()) return other;
    std::vector<TensorCosts> out = changeable(plan, pinned);
    for (TensorCosts& each : out) {
        const PlannedTensor& tensor = plan.tensors[each.place];
        const Json* formats = tensors->find(tensor.source->name);
        if (!formats || !formats->is_object()) return other;
        for (const auto& [name, cost] : *formats->as_object()) {
            const DType* dtype = dtype_named(name);
            const bool fits = dtype && quantizer_of(*dtype) &&
                              tensor.source->shape.row() % dtype->block_values == 0;
            if (!fits || !cost.as_double()) return other;
            each.candidates.push_back({dtype, padded_bytes(tensor, *dtype), *cost.as_double()});
        }
        if (each.candidates.empty()) return other;
    }
    return out;
}

Result<double> fit_to_size(QuantizePlan& plan, std::span<const TensorCosts> costs,
                           uint64_t file_bytes, bool with_feedback) {
    uint64_t others = TRY(plan.file_bytes());
    std::vector<std::vector<SizeChoice>> items;
    for (const TensorCosts& each : costs) {
        others -= padded_bytes(plan.tensors[each.place], *plan.tensors[each.place].dtype);
        items.emplace_back();
        for (const FormatCost& candidate : each.candidates) {
            const bool less = with_feedback && takes_feedback(*candidate.dtype) &&
                              plan.tensors[each.place].source->shape.rank() == 2;
            items.back().push_back(
                {candidate.bytes, candidate.divergence * (less ? feedback_share : 1)});
        }
    }
    auto chosen = file_bytes > others ? allocate(items, file_bytes - others) : std::nullopt;
    if (!chosen) {
        uint64_t least = others;
        for (const auto& item : items)
            least += std::ranges::min(item, {}, &SizeChoice::bytes).bytes;
        return Error{Code::NoFit,
                     cat("the model takes at least ", bytes_text(least), ", and ",
                         bytes_text(file_bytes), " are asked for"),
                     "ask for more, or begin with a smaller model"};
    }
    double divergence = 0;
    for (size_t i = 0; i < costs.size(); i++) {
        const FormatCost& candidate = costs[i].candidates[(*chosen)[i]];
        PlannedTensor& tensor = plan.tensors[costs[i].place];
        tensor.dtype = tensor.wanted = candidate.dtype;
        divergence += items[i][(*chosen)[i]].cost;
    }
    plan.metadata.set("general.file_type", main_mixture(plan).file_type);
    return divergence;
}

}  // namespace linnet
