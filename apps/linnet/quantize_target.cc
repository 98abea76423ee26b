#include "linnet/quantize_target.h"

#include <algorithm>

#include "base/text.h"
#include "compress/collect.h"
#include "linnet/gguf_input.h"
#include "linnet/passing_file.h"
#include "linnet/quantize_speed.h"
#include "linnet/version.h"

namespace linnet {
namespace {

constexpr uint64_t costs_bytes_max = 64 << 20;
// Of the calibration, so many chunks are read for importances: the means of columns need fewer
// than how columns move together.
constexpr size_t importance_chunks = 32;
// Tokens by which formats are judged.
constexpr size_t trial_tokens = 256;

Path journal_path(const Path& out) {
    return cat(out.string(), ".journal");
}
// A file that may become the result.
Path candidate_path(const Path& out) {
    return cat(out.string(), ".candidate");
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
        .option("--max-kld", &max_kld_, "NATS",
                "choose the types so that the divergence on what is held back of the calibration "
                "is at most that, in few bytes: 0.05")
        .between(0.0001, 10);
    syntax
        .option("--min-tps", &min_tps_, "TOKENS",
                "choose the types so that answers have so many tokens a second on this machine, "
                "which is measured")
        .between(0.001, 1e6);
    text_.declare(syntax);
    syntax.flag("--gptq", gptq_,
                "make up for each column's rounding in those after it, as is done anyway where "
                "types are chosen");
    syntax.flag("--plain", plain_, "do not: in a third of the time");
    judge_.declare(syntax);
    syntax
        .option("--costs", &costs_, "FILE",
                "where what was measured is kept; another size then takes seconds")
        .completes(Complete::File);
    syntax.flag("--resume", resume_, "go on where the same command broke off");
}

Result<> QuantizeTarget::check(bool dry_run) {
    if (size_.has_value() + bits_.has_value() + max_kld_.has_value() + min_tps_.has_value() > 1)
        return Error{Code::Usage,
                     "--target-size, --target-bpw, --max-kld and --min-tps exclude each other",
                     "name one of them"};
    if (dry_run && min_tps_)
        return Error{Code::Usage, "--min-tps measures files that it writes", "leave out --dry-run"};
    if (gptq_ && plain_)
        return Error{Code::Usage, "--gptq and --plain exclude each other", "name one of them"};
    if (plain_ && !asked())
        return Error{Code::Usage, "--plain goes with --target-size and its like",
                     "other types are rounded so without it"};
    if (!needs_text() && text_.given())
        return Error{Code::Usage,
                     "--calibration goes with --target-size, --target-bpw, --max-kld, --min-tps, "
                     "--gptq, --judge and --report",
                     "linnet imatrix measures importances for other types"};
    if (resume_ && !needs_text())
        return Error{Code::Usage, "--resume goes with what reads a --calibration",
                     "other runs are short, and begin anew"};
    if (dry_run && judge_.asked())
        return Error{Code::Usage, "there is nothing to judge with --dry-run",
                     "leave out --judge and --report"};
    return Done{};
}

Result<> QuantizeTarget::begin(Context& context, const Checkpoint& checkpoint, const Path& out,
                               Json settings) {
    TRY(judge_.check(context));
    settings.set("model", model_digest(checkpoint))
        .set("calibration", TRY(text_.settings(context)));
    settings.set("chunks", text_.chunks()).set("gptq", feeds_back());
    auto number = [](const std::optional<double>& value) {
        return value ? Json(fixed(*value, 9)) : Json();
    };
    settings.set("target_size", or_null(size_)).set("target_bpw", number(bits_));
    settings.set("max_kld", number(max_kld_))
        .set("min_tps", number(min_tps_))
        .set("program", version_line());
    const Path path = journal_path(out);
    std::error_code ignored;
    if (!resume_ && std::filesystem::exists(path, ignored))
        context.progress.note(
            "an earlier run broke off, and this one begins anew; --resume would "
            "have gone on with it");
    journal_ = TRY(Journal::open(path, settings,
                                 resume_ ? Journal::Begin::WhereItBrokeOff : Journal::Begin::Anew));
    if (!resume_) std::filesystem::remove(partial_path(out), ignored);
    text_.keep_in(&*journal_);
    return Done{};
}

const std::string& QuantizeTarget::model_digest(const Checkpoint& checkpoint) {
    if (!model_digest_) model_digest_ = file_digests(checkpoint);
    return *model_digest_;
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

Result<Importance> QuantizeTarget::measure_importance(Context& context,
                                                      const Checkpoint& checkpoint) {
    constexpr std::string_view kind = "importance";
    if (journal_)
        if (const Json* known = journal_->find(kind, "")) return importance_of(*known);
    const CalibrationParts* parts = TRY(text_.parts(context, checkpoint));
    Scorer* scorer = TRY(text_.reader(context, checkpoint));
    CollectOptions options{.chunks = {.chunks_max = importance_chunks}, .head = true};
    const Checkpoint* read = TRY(text_.read_as(context, checkpoint));
    Importance out = TRY(
        collect_importance(*scorer, *read, parts->read, options, context.progress, context.cancel));
    out.datasets = {text_.names()};
    if (journal_) TRY(journal_->add(kind, "", importance_document(out)));
    return out;
}

Result<FeedbackSource*> QuantizeTarget::feedback(Context& context, const QuantizePlan& plan) {
    if (!feeds_back()) return nullptr;
    if (!feedback_) {
        const CalibrationParts* parts = TRY(text_.parts(context, plan.checkpoint));
        Scorer* scorer = TRY(text_.reader(context, plan.checkpoint));
        const Checkpoint* read = TRY(text_.read_as(context, plan.checkpoint));
        feedback_.emplace(plan, *read, *scorer, parts->read, TextSquares::Options{},
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
    CostsOrigin origin;
    if (!costs_.empty()) origin = {model_digest(plan.checkpoint), feeds_back()};
    std::error_code ignored;
    if (!costs_.empty() && std::filesystem::exists(kept, ignored)) {
        std::string text = TRY(read_file(kept, costs_bytes_max));
        Json document = TRY(Json::parse(text));
        auto costs = costs_of(document, plan, pinned, origin);
        if (!costs) return std::move(costs).error().within(printable(costs_));
        return costs;
    }
    const CalibrationParts* parts = TRY(text_.parts(context, plan.checkpoint));
    TrialOptions options{.kernels = *TRY(chosen_kernels(context)),
                         .tokens = parts->judged_by,
                         .context = trial_tokens,
                         .feedback = TRY(feedback(context, plan)),
                         .journal = journal()};
    ThreadPool pool(chosen_threads(context));
    auto costs = TRY(measure_costs(plan, pinned, options, pool, context.progress, context.cancel));
    if (!costs_.empty())
        TRY(write_file_atomic(kept, costs_document(plan, costs, origin).pretty() + "\n"));
    return costs;
}

Result<double> QuantizeTarget::choose(Context& context, QuantizePlan& plan,
                                      std::span<const RecipeRule> pinned, const Path& path) {
    auto costs = find_costs(context, plan, pinned);
    if (!costs) return std::move(costs).error();
    measured_ = std::move(*costs);
    if (max_kld_) return fit_to_divergence(plan, measured_, *max_kld_);
    const uint64_t bytes =
        min_tps_ ? TRY(bytes_for_speed(context, plan, path)) : TRY(file_bytes(plan));
    return fit_to_size(plan, measured_, bytes);
}

// The speed hardly depends on how weights are rounded, so files that are measured are rounded the
// quick way. What was found is kept, since a run that goes on could measure something else.
Result<uint64_t> QuantizeTarget::bytes_for_speed(Context& context, QuantizePlan& plan,
                                                 const Path& path) {
    constexpr std::string_view kind = "bytes";
    const Json* known = journal_ ? journal_->find(kind, "") : nullptr;
    if (known && known->as_uint()) return *known->as_uint();
    const FileRange range = TRY(file_range(plan, measured_));
    ThreadPool pool(chosen_threads(context));
    auto try_size = [&](uint64_t bytes) -> Result<FileSpeed> {
        TRY(fit_to_size(plan, measured_, std::clamp(bytes, range.least, range.most)));
        const PassingFile candidate(candidate_path(path));
        TRY(quantize_file(plan, candidate.path(), pool, context.progress, context.cancel));
        const Checkpoint written = TRY(Checkpoint::open(candidate.path()));
        const FileSpeed found{TRY(plan.file_bytes()), TRY(answer_speed(context, written))};
        context.progress.note(cat(bytes_text(found.bytes), ": ", fixed(found.tokens_per_second, 1),
                                  " tokens a second"));
        return found;
    };
    const uint64_t bytes = TRY(size_for_speed(*min_tps_, range.most, try_size));
    if (journal_) TRY(journal_->add(kind, "", bytes));
    return bytes;
}

Result<> QuantizeTarget::write(Context& context, QuantizePlan& plan,
                               std::optional<double>& foretold, const Path& path) {
    if (max_kld_)
        TRY(write_within(context, plan, foretold, path));
    else
        TRY(write_once(context, plan, path));
    if (judge_.asked()) TRY(judge_.judge(context, text_, plan.checkpoint, path));
    return journal_ ? journal_->remove() : Done{};
}

Result<> QuantizeTarget::write_once(Context& context, const QuantizePlan& plan, const Path& path) {
    FeedbackSource* source = TRY(feedback(context, plan));
    ThreadPool pool(chosen_threads(context));
    return quantize_file(plan, path, pool, context.progress, context.cancel, source, journal());
}

// What was foretold differs from what is measured by a factor that hardly depends on the size. So a
// file or two tell it, and the next one has the divergence that is asked for.
Result<> QuantizeTarget::write_within(Context& context, QuantizePlan& plan,
                                      std::optional<double>& foretold, const Path& path) {
    constexpr int tries_max = 6;
    constexpr double room = 0.97, close = 0.9;  // aimed at, and taken, as shares of what is allowed
    constexpr std::string_view kind = "judged";
    const Path candidate = candidate_path(path);
    double aim = *max_kld_;
    for (int number = 1; number <= tries_max; number++) {
        foretold = TRY(fit_to_divergence(plan, measured_, aim));
        const Json* known = journal_ ? journal_->find(kind, cat(number)) : nullptr;
        double divergence = 0;
        if (known && known->as_double()) {
            divergence = *known->as_double();
        } else {
            TRY(write_once(context, plan, candidate));
            const Divergence found =
                TRY(QuantizeJudge::held_back(context, text_, plan.checkpoint, candidate));
            divergence = found.mean;
            context.progress.note(cat(bytes_text(TRY(plan.file_bytes())), ": divergence ",
                                      fixed(divergence, 4), " where ", fixed(*foretold, 4),
                                      " was foretold"));
            const bool last = number > 1 || divergence >= close * *max_kld_;
            if (divergence <= *max_kld_ && last) {
                judge_.keep({"", found});
                return rename_durable(candidate, path);
            }
            std::error_code ignored;
            std::filesystem::remove(candidate, ignored);
            if (journal_) TRY(journal_->add(kind, cat(number), divergence));
        }
        aim *= room * *max_kld_ / std::max(divergence, *max_kld_ / 100);
    }
    return Error{Code::NoFit,
                 cat("no file's divergence was found to be ", fixed(*max_kld_, 4), " or less"),
                 "allow more"};
}

}  // namespace linnet
