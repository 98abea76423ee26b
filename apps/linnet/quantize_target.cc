#include "linnet/quantize_target.h"

#include "base/memory.h"
#include "base/text.h"
#include "compress/collect.h"
#include "compress/target.h"
#include "compress/text_feedback.h"
#include "engine/model_files.h"
#include "linnet/models.h"
#include "text/tokenizer.h"

namespace linnet {
namespace {

constexpr uint64_t text_bytes_max = 1 << 30, costs_bytes_max = 64 << 20;
constexpr uint32_t chunk_tokens = 512;
// Tokens by which formats are judged; they come behind those of the importances, where there are
// enough.
constexpr size_t trial_tokens = 256;

}  // namespace

void QuantizeTarget::declare(Syntax& syntax) {
    syntax
        .option("--target-size", &size_, "SIZE",
                "choose the types so that the whole file takes that: 78MB")
        .in(Unit::Size);
    syntax.option("--target-bpw", &bits_, "BITS", "the same by the mean bits of a weight")
        .between(1, 32);
    syntax
        .option("--calibration", &calibration_, "FILE",
                "the text by which types are chosen, not one that the model is judged by")
        .completes(Complete::File);
    syntax
        .option("--calibration-chunks", &chunks_, "N",
                "chunks of 512 tokens for the importances, where no --imatrix is named; 16")
        .between(1, 1 << 20);
    syntax.flag("--gptq", feedback_, "make up for each column's rounding in those after it");
    syntax
        .option("--costs", &costs_, "FILE",
                "where what was measured is kept; another size then takes seconds")
        .completes(Complete::File);
}

Result<> QuantizeTarget::check() const {
    if (size_ && bits_)
        return Error{Code::Usage, "--target-size and --target-bpw exclude each other",
                     "name one of them"};
    if (needs_text() && calibration_.empty())
        return Error{Code::Usage, "there is no text to calibrate with",
                     "name one by --calibration"};
    if (!needs_text() && !calibration_.empty())
        return Error{Code::Usage, "--calibration goes with --target-size, --target-bpw and --gptq",
                     "linnet imatrix measures importances for other types"};
    return Done{};
}

Result<std::span<const int32_t>> QuantizeTarget::tokens(Context& context,
                                                        const Checkpoint& checkpoint) {
    if (!tokens_.empty()) return std::span<const int32_t>(tokens_);
    std::string text =
        TRY(read_file(expand_home(calibration_, context.paths.home), text_bytes_max));
    Tokenizer tokenizer = TRY(Tokenizer::from(checkpoint));
    tokens_ = tokenizer.encode(text);
    return std::span<const int32_t>(tokens_);
}

Result<std::unique_ptr<Scorer>> QuantizeTarget::reader(Context& context,
                                                       const Checkpoint& checkpoint) const {
    auto model = TRY(load_model(checkpoint, Math::Fast, chosen_threads(context)));
    const uint32_t length = std::min(chunk_tokens, model->config().context);
    const Kernels& kernels = *TRY(chosen_kernels(context));
    return Scorer::make(
        model, kernels,
        {.threads = chosen_threads(context), .context = length, .memory_max = available_memory()});
}

Result<Importance> QuantizeTarget::measure_importance(Context& context,
                                                      const Checkpoint& checkpoint) {
    auto text = TRY(tokens(context, checkpoint));
    auto scorer = TRY(reader(context, checkpoint));
    CollectOptions options{.chunks = {.chunks_max = static_cast<size_t>(chunks_)}, .head = true};
    Importance out = TRY(
        collect_importance(*scorer, checkpoint, text, options, context.progress, context.cancel));
    out.datasets = {calibration_};
    return out;
}

Result<uint64_t> QuantizeTarget::file_bytes(const QuantizePlan& plan) const {
    if (size_) return *size_;
    double bytes = static_cast<double>(TRY(plan.file_bytes()));
    for (const PlannedTensor& tensor : plan.tensors)
        if (is_quantizable(*tensor.source))
            bytes += *bits_ / 8 * static_cast<double>(tensor.source->values) -
                     static_cast<double>(tensor.bytes());
    return static_cast<uint64_t>(bytes);
}

Result<std::vector<TensorCosts>> QuantizeTarget::find_costs(Context& context,
                                                            const QuantizePlan& plan,
                                                            std::span<const RecipeRule> pinned) {
    const Path kept = expand_home(costs_, context.paths.home);
    std::error_code ignored;
    if (!costs_.empty() && std::filesystem::exists(kept, ignored)) {
        std::string text = TRY(read_file(kept, costs_bytes_max));
        Json document = TRY(Json::parse(text));
        auto costs = costs_of(document, plan, pinned);
        if (!costs) return std::move(costs).error().within(printable(costs_));
        return costs;
    }
    auto text = TRY(tokens(context, plan.checkpoint));
    const size_t used = static_cast<size_t>(chunks_) * chunk_tokens;
    const size_t from = text.size() >= used + trial_tokens ? used : 0;
    const Kernels& kernels = *TRY(chosen_kernels(context));
    TrialOptions options{.kernels = kernels, .tokens = text.subspan(from), .context = trial_tokens};
    ThreadPool pool(chosen_threads(context));
    auto costs = TRY(measure_costs(plan, pinned, options, pool, context.progress, context.cancel));
    if (!costs_.empty()) TRY(write_file_atomic(kept, costs_document(plan, costs).pretty() + "\n"));
    return costs;
}

Result<double> QuantizeTarget::choose(Context& context, QuantizePlan& plan,
                                      std::span<const RecipeRule> pinned) {
    auto costs = find_costs(context, plan, pinned);
    if (!costs) return std::move(costs).error();
    const uint64_t bytes = TRY(file_bytes(plan));
    return fit_to_size(plan, *costs, bytes, feedback_);
}

Result<> QuantizeTarget::write(Context& context, const QuantizePlan& plan, const Path& path) {
    ThreadPool pool(chosen_threads(context));
    if (!feedback_) return quantize_file(plan, path, pool, context.progress, context.cancel);
    auto text = TRY(tokens(context, plan.checkpoint));
    auto scorer = TRY(reader(context, plan.checkpoint));
    TextFeedback feedback(plan, *scorer, text,
                          {.chunks = {.chunks_max = static_cast<size_t>(chunks_)}},
                          context.progress, context.cancel);
    return quantize_file(plan, path, pool, context.progress, context.cancel, &feedback);
}

}  // namespace linnet
