#include "linnet/quantize_judge.h"

#include "base/text.h"

namespace linnet {
namespace {

// Of another text, so many chunks are read.
constexpr size_t chunks_max = 16;

}  // namespace

void QuantizeJudge::declare(Syntax& syntax) {
    syntax
        .option("--judge", &files_, "FILE",
                "a text of another kind by which the result is judged; may be given several times")
        .completes(Complete::File);
    syntax
        .option("--report", &report_, "FILE",
                "a page (HTML) that shows what each tensor became, and what was lost")
        .completes(Complete::File);
}

Result<> QuantizeJudge::check(const Context& context) const {
    for (const std::string& file : files_) TRY(size_of_file(expand_home(file, context.paths.home)));
    return Done{};
}

Result<Divergence> QuantizeJudge::held_back(Context& context, QuantizeText& text,
                                            const Checkpoint& original, const Path& small) {
    const CalibrationParts* parts = TRY(text.parts(context, original));
    if (parts->held_back.empty())
        return Error{Code::Usage, "the calibration is too short to hold back a part of it",
                     "use a longer text, of at least 9 chunks of 512 tokens"};
    Checkpoint result = TRY(Checkpoint::open(small));
    auto model = TRY(text.reader_of(context, result));
    Scorer* reference = TRY(text.reference(context, original));
    return measure_divergence(*model, *reference, parts->held_back, {}, context.progress,
                              context.cancel);
}

Result<> QuantizeJudge::judge(Context& context, QuantizeText& text, const Checkpoint& original,
                              const Path& small) {
    const CalibrationParts* parts = TRY(text.parts(context, original));
    const bool short_text = parts->held_back.empty(), known = !judged_.empty();
    if (short_text)
        context.output.warn(
            "the calibration is too short to hold back a part of it for the judgement");
    if (files_.empty() && (known || short_text)) return Done{};
    Checkpoint result = TRY(Checkpoint::open(small));
    auto model = TRY(text.reader_of(context, result));
    Scorer* reference = TRY(text.reference(context, original));
    if (!known && !short_text)
        judged_.push_back({"", TRY(measure_divergence(*model, *reference, parts->held_back, {},
                                                      context.progress, context.cancel))});
    for (const std::string& file : files_) {
        auto tokens = TRY(text.tokens_of(context, original, file));
        judged_.push_back(
            {file, TRY(measure_divergence(*model, *reference, tokens, {.chunks_max = chunks_max},
                                          context.progress, context.cancel))});
    }
    return Done{};
}

Json QuantizeJudge::document() const {
    Json out = Json::array();
    for (const JudgedText& each : judged_) {
        const Divergence& d = each.divergence;
        out.push(Json::object({{"text", each.text},
                               {"chunks", d.chunks},
                               {"tokens", d.tokens},
                               {"divergence", d.mean},
                               {"low", d.low()},
                               {"high", d.high()},
                               {"same_top", d.same_top},
                               {"perplexity", d.perplexity},
                               {"reference_perplexity", d.reference_perplexity}}));
    }
    return out;
}

}  // namespace linnet
