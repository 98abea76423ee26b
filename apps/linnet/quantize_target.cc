#include "linnet/quantize_target.h"

#include "base/memory.h"
#include "base/text.h"
#include "compress/collect.h"
#include "compress/target.h"
#include "compress/text_feedback.h"
#include "engine/model_files.h"
#include "linnet/models.h"
#include "linnet/version.h"
#include "text/tokenizer.h"
#include "trust/hash.h"

namespace linnet {
namespace {

constexpr uint64_t text_bytes_max = 1 << 30, costs_bytes_max = 64 << 20;
constexpr uint32_t chunk_tokens = 512;
// Tokens by which formats are judged; they come behind those of the importances, where there are
// enough.
constexpr size_t trial_tokens = 256;

Path journal_path(const Path& out) {
    return cat(out.string(), ".journal");
}

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
    syntax.flag("--gptq", gptq_, "make up for each column's rounding in those after it");
    syntax
        .option("--costs", &costs_, "FILE",
                "where what was measured is kept; another size then takes seconds")
        .completes(Complete::File);
    syntax.flag("--resume", resume_, "go on where the same command broke off");
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
    if (resume_ && !needs_text())
        return Error{Code::Usage, "--resume goes with --target-size, --target-bpw and --gptq",
                     "other runs are short, and begin anew"};
    return Done{};
}

Result<> QuantizeTarget::begin(Context& context, const Checkpoint& checkpoint, const Path& out,
                               Json settings) {
    auto digest_of = [&](const Path& path) -> Result<Json> {
        return Json(TRY(sha256_of_file(path, context.cancel, [](uint64_t) {})).text());
    };
    Json model = Json::array();
    for (const MappedFile& file : checkpoint.files()) model.push(TRY(digest_of(file.path())));
    settings.set("model", std::move(model));
    settings.set("calibration", TRY(digest_of(expand_home(calibration_, context.paths.home))));
    settings.set("chunks", chunks_).set("gptq", gptq_).set("target_size", or_null(size_));
    settings.set("target_bpw", bits_ ? Json(cat(*bits_)) : Json());
    settings.set("program", version_line());
    const Path path = journal_path(out);
    std::error_code ignored;
    const bool there = std::filesystem::exists(path, ignored);
    if (there && !resume_)
        context.progress.note(
            "an earlier run broke off, and this one begins anew; --resume would "
            "have gone on with it");
    journal_ = TRY(Journal::open(path, settings,
                                 resume_ ? Journal::Begin::WhereItBrokeOff : Journal::Begin::Anew));
    if (!resume_) std::filesystem::remove(partial_path(out), ignored);
    return Done{};
}

Error QuantizeTarget::ended(Error error, const Path& out) {
    if (!journal_) return error;
    const bool again = error.code == Code::BadInput || error.code == Code::Usage ||
                       error.code == Code::Unsupported;
    if (!again) {
        if (error.next.empty()) error.next = "the same command with --resume goes on from here";
        return error;
    }
    std::error_code ignored;
    std::filesystem::remove(partial_path(out), ignored);
    (void)journal_->remove();
    return error;
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
    constexpr std::string_view kind = "importance";
    if (journal_)
        if (const Json* known = journal_->find(kind, "")) return importance_of(*known);
    auto text = TRY(tokens(context, checkpoint));
    auto scorer = TRY(reader(context, checkpoint));
    CollectOptions options{.chunks = {.chunks_max = static_cast<size_t>(chunks_)}, .head = true};
    Importance out = TRY(
        collect_importance(*scorer, checkpoint, text, options, context.progress, context.cancel));
    out.datasets = {calibration_};
    if (journal_) TRY(journal_->add(kind, "", importance_document(out)));
    return out;
}

Result<FeedbackSource*> QuantizeTarget::feedback(Context& context, const QuantizePlan& plan) {
    if (!gptq_) return nullptr;
    if (!feedback_) {
        auto text = TRY(tokens(context, plan.checkpoint));
        reader_ = TRY(reader(context, plan.checkpoint));
        feedback_.emplace(
            plan, *reader_, text,
            TextFeedback::Options{.chunks = {.chunks_max = static_cast<size_t>(chunks_)}},
            context.progress, context.cancel);
    }
    return &*feedback_;
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
    FeedbackSource* source = TRY(feedback(context, plan));
    TrialOptions options{.kernels = kernels,
                         .tokens = text.subspan(from),
                         .context = trial_tokens,
                         .feedback = source,
                         .journal = journal()};
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
    return fit_to_size(plan, *costs, bytes);
}

Result<> QuantizeTarget::write(Context& context, const QuantizePlan& plan, const Path& path) {
    FeedbackSource* source = TRY(feedback(context, plan));
    ThreadPool pool(chosen_threads(context));
    TRY(quantize_file(plan, path, pool, context.progress, context.cancel, source, journal()));
    return journal_ ? journal_->remove() : Done{};
}

}  // namespace linnet
