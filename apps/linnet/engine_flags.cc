#include "linnet/engine_flags.h"

#include "base/text.h"
#include "engine/draft_model.h"
#include "linnet/models.h"

namespace linnet {

constexpr size_t guesses_max = 15;

void EngineFlags::declare(Syntax& syntax) {
    syntax
        .option("--kv", &kv_, "TYPE",
                "numbers of the key-value cache; default: f16, f32 with --math f32")
        .one_of({"f16", "f32", "int8"});
    syntax.flag("--deterministic", deterministic_,
                "promise the same answer for the same request and seed, whatever runs beside it");
    syntax.option("--lookup", &lookup_, "HOW",
                  "guess tokens from the text so far: auto, off, or how many at once");
    syntax
        .option("--draft", &draft_, "MODEL",
                "a smaller model of the same family that guesses tokens")
        .completes(Complete::Model);
    syntax.flag("--context-shift", context_shift_,
                "when the context is full, forget the oldest half and go on");
}

// Every sum has one order and guesses change no answer, so that nothing has to be switched off for
// --deterministic: the flag is a promise, and the tests hold it.
Result<> EngineFlags::apply(Context& context, const Checkpoint& checkpoint, Math math,
                            EngineOptions& options) const {
    KvType usual = math == Math::F32 ? KvType::F32 : KvType::F16;
    options.kv = parse_kv_type(kv_).value_or(usual);
    options.speculation = TRY(speculation());
    if (draft_.empty()) return Done{};
    Checkpoint draft = TRY(open_model(context, draft_));
    auto same = check_same_vocabulary(checkpoint, draft);
    if (!same) return std::move(same).error().within(printable(draft_));
    ThreadPool pool(options.threads);
    auto model = Model::load(draft, math, pool);
    if (!model) return std::move(model).error().within(printable(draft_));
    options.speculation.draft = std::move(*model);
    return Done{};
}

Result<Speculation> EngineFlags::speculation() const {
    if (lookup_ == "auto") return Speculation{};
    if (lookup_ == "off") return Speculation{.lookup = Speculation::Lookup::Off};
    auto count = parse_integer<size_t>(lookup_);
    if (!count || *count == 0 || *count > guesses_max)
        return Error{
            Code::Usage,
            cat("--lookup is '", printable(lookup_), "', not auto, off or 1 to ", guesses_max),
            "--lookup auto"};
    return Speculation{.lookup = Speculation::Lookup::Always, .drafted_max = *count};
}

}  // namespace linnet
