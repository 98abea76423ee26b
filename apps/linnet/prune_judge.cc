#include "linnet/prune_judge.h"

#include <cmath>

#include "base/text.h"

namespace linnet {
namespace {

std::string error_text(const Divergence& d) {
    return cat(fixed(d.mean, 6), " ± ", fixed(d.standard_error, 6), " nats a token");
}

std::string perplexity_text(const Divergence& d) {
    return cat("perplexity ", fixed(d.perplexity, 4), " (", fixed(d.reference_perplexity, 4),
               " before)");
}

}  // namespace

void PruneJudge::declare(Syntax& syntax) {
    syntax.flag("--no-measure", off_, "leave out what the model lost");
    text_.declare(syntax);
    arithmetic_.declare_math(syntax);
}

Result<double> PruneJudge::bits_a_byte(Context& context, const ReadingModel& model,
                                       std::string_view text) const {
    const auto tokens = model.tokenizer.encode(text);
    const Perplexity found =
        TRY(measure_perplexity(model.scorer, tokens, text_.options(model.tokenizer, tokens),
                               context.progress, context.cancel));
    return text_.bits_a_byte(found, model.tokenizer, tokens);
}

Result<PruneJudge::Judgement> PruneJudge::alike(Context& context, Scorer& before, Scorer& after,
                                                const Tokenizer& tokenizer,
                                                std::string_view text) const {
    const auto tokens = tokenizer.encode(text);
    Judgement out{.divergence = TRY(measure_divergence(after, before, tokens,
                                                       text_.options(tokenizer, tokens),
                                                       context.progress, context.cancel))};
    const Divergence& d = out.divergence;
    auto bits = [&](double perplexity) {
        return text_.bits_a_byte({.surprise = std::log(perplexity), .chunks = d.chunks}, tokenizer,
                                 tokens);
    };
    out.bits_before = bits(d.reference_perplexity);
    out.bits = bits(d.perplexity);
    return out;
}

Result<PruneJudge::Judgement> PruneJudge::across(Context& context, const ReadingModel& before,
                                                 const ReadingModel& after,
                                                 std::string_view text) const {
    Judgement out{.bits_before = TRY(bits_a_byte(context, before, text)),
                  .bits = TRY(bits_a_byte(context, after, text))};
    out.across = TRY(measure_divergence_across(
        after, before, text, static_cast<size_t>(text_.chunks), context.progress, context.cancel));
    out.divergence = out.across->alike;
    return out;
}

Result<> PruneJudge::on_text(Context& context, const Named& before, const Named& after) {
    if (text_.file.empty()) return Done{};
    const std::string text = TRY(text_.read(context));
    const Tokenizer old = TRY(Tokenizer::from(before.checkpoint)),
                    now = TRY(Tokenizer::from(after.checkpoint));
    auto original = TRY(text_.load(context, before.checkpoint, before.name, arithmetic_));
    auto small = TRY(text_.load(context, after.checkpoint, after.name, arithmetic_));
    judgement_ = old.size() == now.size()
                     ? TRY(alike(context, *original, *small, old, text))
                     : TRY(across(context, {*original, old}, {*small, now}, text));
    return Done{};
}

Result<> PruneJudge::on_held_back(Context& context, QuantizeText& text, const Checkpoint& before,
                                  const Checkpoint& after) {
    const CalibrationParts* parts = TRY(text.parts(context, before));
    if (parts->held_back.empty()) {
        context.output.warn(
            "the calibration is too short to hold back a part of it for the judgement");
        return Done{};
    }
    Scorer* reference = TRY(text.reference(context, before));
    auto model = TRY(text.reader_of(context, after));
    held_back_ = TRY(measure_divergence(*model, *reference, parts->held_back, {}, context.progress,
                                        context.cancel));
    return Done{};
}

void PruneJudge::report(Output& output, Json& document) const {
    if (held_back_) {
        const Divergence& d = *held_back_;
        output.line(cat("on what was held back of the calibration: divergence ", error_text(d),
                        ", ", perplexity_text(d)));
        document.set("held_back", Json::object({{"divergence", d.mean},
                                                {"divergence_error", d.standard_error},
                                                {"perplexity", d.perplexity},
                                                {"perplexity_before", d.reference_perplexity},
                                                {"tokens", d.tokens}}));
    }
    if (!judgement_) return;
    const Divergence& d = judgement_->divergence;
    output.line(cat("bits a byte: ", fixed(judgement_->bits, 4), " (",
                    fixed(judgement_->bits_before, 4), " before)"));
    document.set("bits_per_byte", judgement_->bits);
    document.set("bits_per_byte_before", judgement_->bits_before);
    document.set("divergence", d.mean);
    document.set("divergence_error", d.standard_error);
    document.set("tokens", d.tokens);
    document.set("math", arithmetic_.math_name());
    if (!judgement_->across) {
        output.line(cat("divergence: ", error_text(d), ", ", perplexity_text(d)));
        document.set("perplexity", d.perplexity);
        document.set("perplexity_before", d.reference_perplexity);
        return;
    }
    const DivergenceAcross& across = *judgement_->across;
    output.line(cat("divergence where both cut the text alike (", fixed(100 * across.share, 2),
                    " % of ", std::llround(static_cast<double>(d.tokens) / across.share),
                    " tokens): ", error_text(d), "; ", fixed(across.context, 6),
                    " where the whole context is cut alike"));
    document.set("alike", across.share);
    document.set("same_context_divergence", across.context);
    document.set("same_context_tokens", across.context_tokens);
}

}  // namespace linnet
