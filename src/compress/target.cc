#include "compress/target.h"

#include <algorithm>
#include <map>

#include "base/text.h"
#include "compress/allocate.h"
#include "compress/quantizer.h"
#include "compress/rounding_error.h"
#include "compress/trial_scorer.h"
#include "eval/divergence.h"
#include "kernels/packed.h"

namespace linnet {
namespace {

// Coarse enough to be seen in a short text, fine enough that the harm is still in proportion.
constexpr std::string_view trial_format = "q4_0";
// Of the text of a trial, so many tokens see too little to say much.
constexpr size_t tokens_uncounted = 16;

// Formats that are worth a try, of 8.5 bits and less: those whose blocks fill the rows, and that
// fast kernels read.
std::vector<const Quantizer*> formats_for(uint64_t columns) {
    std::vector<const Quantizer*> out;
    for (const Quantizer& each : quantizers()) {
        const DType& dtype = *each.dtype;
        const bool ternary = dtype.bits_per_value() < 2.2;
        if (dtype.block_values > 1 && !ternary && columns % dtype.block_values == 0 &&
            packing_of(dtype.name))
            out.push_back(&each);
    }
    return out;
}

uint64_t padded_bytes(const PlannedTensor& tensor, const DType& dtype) {
    return *checked_align(*dtype.bytes_of(tensor.source->values), 32);
}

class Trials {
  public:
    Trials(const QuantizePlan& plan, const TrialOptions& options, ThreadPool& pool,
           const Cancel& cancel)
        : plan_(plan), options_(options), pool_(pool), cancel_(cancel) {}

    // What each format costs the tensor.
    Result<std::vector<FormatCost>> measure(const PlannedTensor& tensor) {
        if (!probe_) TRY(prepare());
        const DType& trial = fitting_dtype(*dtype_named(trial_format), tensor.source->shape.row());
        std::shared_ptr<const Feedback> feedback;
        if (options_.feedback) feedback = TRY(options_.feedback->feedback_for(tensor));
        auto error_of = [&](const DType& dtype, bool rounds_so) {
            return rounding_error(tensor, dtype, feedback.get(), rounds_so, pool_, cancel_);
        };
        const double divergence = TRY(divergence_of(tensor, trial));
        const double error = TRY(error_of(trial, false));
        std::vector<FormatCost> out;
        for (const Quantizer* format : formats_for(tensor.source->shape.row())) {
            const double own = TRY(error_of(*format->dtype, true));
            out.push_back({format->dtype, padded_bytes(tensor, *format->dtype),
                           error > 0 ? divergence * own / error : 0});
        }
        if (out.empty()) out.push_back({tensor.dtype, padded_bytes(tensor, *tensor.dtype), 0});
        return out;
    }

  private:
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
    Result<double> divergence_of(PlannedTensor tensor, const DType& dtype) {
        tensor.dtype = &dtype;
        auto blocks = std::make_shared<const std::vector<std::byte>>(
            TRY(quantize_tensor(tensor, pool_, cancel_)));
        Checkpoint::Replacement replacement{std::string(tensor.source->name), &dtype,
                                            tensor.source->shape, std::move(blocks)};
        auto scorer = TRY(scorer_of(plan_.checkpoint.with({&replacement, 1})));
        return probe_->measure(*scorer, cancel_);
    }

    Result<std::unique_ptr<Scorer>> scorer_of(const Checkpoint& checkpoint) {
        return trial_scorer(checkpoint, options_.kernels, options_.context, pool_);
    }

    const QuantizePlan& plan_;
    const TrialOptions& options_;
    ThreadPool& pool_;
    const Cancel& cancel_;
    std::optional<DivergenceProbe> probe_;
};

// The tensors that may get another format.
std::vector<TensorCosts> changeable(const QuantizePlan& plan, std::span<const RecipeRule> pinned) {
    std::vector<TensorCosts> out;
    for (size_t i = 0; i < plan.tensors.size(); i++) {
        const Tensor& tensor = *plan.tensors[i].source;
        if (is_quantizable(tensor) && !recipe_dtype(pinned, tensor.name)) out.push_back({i, {}});
    }
    return out;
}

constexpr std::string_view costs_kind = "costs";

Json candidates_document(std::span<const FormatCost> candidates) {
    Json formats = Json::object();
    for (const FormatCost& candidate : candidates)
        formats.as_object()->emplace_back(std::string(candidate.dtype->name), candidate.divergence);
    return formats;
}

Error other_costs() {
    return Error{Code::BadInput, "the costs are of another model", "measure them anew"};
}

Result<std::vector<FormatCost>> candidates_of(const Json& formats, const PlannedTensor& tensor) {
    std::vector<FormatCost> out;
    if (!formats.is_object()) return other_costs();
    for (const auto& [name, cost] : *formats.as_object()) {
        const DType* dtype = dtype_named(name);
        const bool fits =
            dtype && quantizer_of(*dtype) && tensor.source->shape.row() % dtype->block_values == 0;
        if (!fits || !cost.as_double()) return other_costs();
        out.push_back({dtype, padded_bytes(tensor, *dtype), *cost.as_double()});
    }
    if (out.empty()) return other_costs();
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
    progress.count_in("tensors");
    progress.begin("measuring what each tensor bears", out.size(), 0);
    for (size_t i = 0; i < out.size(); i++) {
        const PlannedTensor& tensor = plan.tensors[out[i].place];
        const Json* known =
            options.journal ? options.journal->find(costs_kind, tensor.source->name) : nullptr;
        if (known) {
            out[i].candidates = TRY(candidates_of(*known, tensor));
        } else {
            out[i].candidates = TRY(trials.measure(tensor));
            if (options.journal)
                TRY(options.journal->add(costs_kind, tensor.source->name,
                                         candidates_document(out[i].candidates)));
        }
        progress.at(i + 1);
    }
    progress.end();
    return out;
}

Json costs_document(const QuantizePlan& plan, std::span<const TensorCosts> costs,
                    const CostsOrigin& origin) {
    Json tensors = Json::object();
    for (const TensorCosts& each : costs)
        tensors.as_object()->emplace_back(std::string(plan.tensors[each.place].source->name),
                                          candidates_document(each.candidates));
    return Json::object({{"model", origin.model},
                         {"feedback", origin.feedback},
                         {"divergence", std::move(tensors)}});
}

Result<std::vector<TensorCosts>> costs_of(const Json& document, const QuantizePlan& plan,
                                          std::span<const RecipeRule> pinned,
                                          const CostsOrigin& origin) {
    const Json *model = document.find("model"), *feedback = document.find("feedback"),
               *tensors = document.find("divergence");
    if (!model || *model != Json(origin.model) || !feedback) return other_costs();
    if (*feedback != Json(origin.feedback))
        return Error{Code::Usage,
                     cat("the costs were measured ", origin.feedback ? "without" : "with",
                         " rounding with feedback (--gptq)"),
                     "measure them anew, into another file"};
    std::vector<TensorCosts> out = changeable(plan, pinned);
    for (TensorCosts& each : out) {
        const PlannedTensor& tensor = plan.tensors[each.place];
        const Json* formats = tensors ? tensors->find(tensor.source->name) : nullptr;
        if (!formats) return other_costs();
        each.candidates = TRY(candidates_of(*formats, tensor));
    }
    return out;
}

Result<FileRange> file_range(const QuantizePlan& plan, std::span<const TensorCosts> costs) {
    const uint64_t now = TRY(plan.file_bytes());
    FileRange out{now, now};
    for (const TensorCosts& each : costs) {
        const PlannedTensor& tensor = plan.tensors[each.place];
        const uint64_t taken = padded_bytes(tensor, *tensor.dtype);
        auto [least, most] = std::ranges::minmax(each.candidates, {}, &FormatCost::bytes);
        out.least = out.least - taken + least.bytes;
        out.most = out.most - taken + most.bytes;
    }
    return out;
}

Result<double> fit_to_size(QuantizePlan& plan, std::span<const TensorCosts> costs,
                           uint64_t file_bytes) {
    uint64_t others = TRY(plan.file_bytes());
    std::vector<std::vector<SizeChoice>> items;
    for (const TensorCosts& each : costs) {
        others -= padded_bytes(plan.tensors[each.place], *plan.tensors[each.place].dtype);
        items.emplace_back();
        for (const FormatCost& candidate : each.candidates)
            items.back().push_back({candidate.bytes, candidate.divergence});
    }
    auto chosen = file_bytes > others ? allocate(items, file_bytes - others) : std::nullopt;
    if (!chosen)
        return Error{
            Code::NoFit,
            cat("the model takes at least ", bytes_text(TRY(file_range(plan, costs)).least),
                ", and ", bytes_text(file_bytes), " are asked for"),
            "ask for more, or begin with a smaller model"};
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

Result<double> fit_to_divergence(QuantizePlan& plan, std::span<const TensorCosts> costs,
                                 double divergence) {
    auto [least, most] = TRY(file_range(plan, costs));
    double found = TRY(fit_to_size(plan, costs, most));
    if (found > divergence)
        return Error{Code::NoFit,
                     cat("a divergence of ", fixed(divergence, 6), " is asked for, and ",
                         fixed(found, 6), " is the least that is foretold"),
                     "ask for more"};
    const uint64_t close = std::max<uint64_t>(most / 2000, 64);
    while (most - least > close) {
        const uint64_t middle = least + (most - least) / 2;
        if (TRY(fit_to_size(plan, costs, middle)) <= divergence)
            most = middle;
        else
            least = middle;
    }
    return fit_to_size(plan, costs, most);
}

Result<std::vector<SizeAndDivergence>> foretell(QuantizePlan plan,
                                                std::span<const TensorCosts> costs, size_t steps) {
    const auto [least, most] = TRY(file_range(plan, costs));
    std::vector<SizeAndDivergence> out;
    for (size_t i = 0; i <= steps; i++) {
        const uint64_t room = least + (most - least) * i / steps;
        const double divergence = TRY(fit_to_size(plan, costs, room));
        out.push_back({TRY(plan.file_bytes()), divergence});
    }
    return out;
}

}  // namespace linnet
