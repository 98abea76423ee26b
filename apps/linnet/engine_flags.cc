#include "linnet/engine_flags.h"

#include "base/text.h"
#include "engine/draft_model.h"
#include "engine/model_files.h"
#include "linnet/models.h"

namespace linnet {

constexpr size_t guesses_max = 15;

void EngineFlags::declare(Syntax& syntax) {
    syntax
        .flag("--deterministic", deterministic_,
              "promise the same answer for the same request and seed, whatever runs beside it")
        .told_in("engine");
    syntax
        .option("--lookup", &lookup_, "HOW",
                "guess tokens from the text so far: auto, off, or how many at once")
        .told_in("engine");
    syntax
        .option("--draft", &draft_, "MODEL",
                "a smaller model of the same family that guesses tokens")
        .completes(Complete::Model)
        .told_in("engine");
    syntax
        .flag("--context-shift", context_shift_,
              "when the context is full, forget the oldest half and go on")
        .told_in("engine");
}

void EngineFlags::declare_state(Syntax& syntax) {
    syntax
        .option("--save-state", &save_state_, "FILE",
                "keep what was computed and said, to go on from it later")
        .completes(Complete::File)
        .told_in("engine");
    syntax.option("--load-state", &load_state_, "FILE", "go on from a state that was saved")
        .completes(Complete::File)
        .told_in("engine");
}

// A mistyped folder shall not cost an answer.
static Result<> check_folder_of(const Path& file) {
    Path folder = file.parent_path();
    std::error_code unknown;
    if (folder.empty() || std::filesystem::is_directory(folder, unknown)) return Done{};
    return Error{Code::NotFound, cat("--save-state: there is no folder ", folder),
                 "make it, or name a file elsewhere"};
}

// Every sum has one order and guesses change no answer, so that nothing has to be switched off for
// --deterministic: the flag is a promise, and the tests hold it.
Result<> EngineFlags::apply(Context& context, const Checkpoint& checkpoint, Math math,
                            EngineOptions& options) const {
    options.speculation = TRY(speculation());
    TRY(check_folder_of(expand_home(save_state_, context.paths.home)));
    if (draft_.empty()) return Done{};
    Checkpoint draft = TRY(open_model(context, draft_));
    auto same = check_same_vocabulary(checkpoint, draft);
    if (!same) return std::move(same).error().within(printable(draft_));
    auto model = load_model(draft, math, options.threads);
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

Result<std::optional<SavedState>> EngineFlags::load_state(const Context& context, Engine& engine,
                                                          const Adapters& adapters) const {
    if (load_state_.empty()) return std::optional<SavedState>();
    Path file = expand_home(load_state_, context.paths.home);
    return std::optional(TRY(linnet::load_state(file, engine, adapters)));
}

Result<> EngineFlags::save_state(const Context& context, Engine& engine, SavedState saved,
                                 const Adapters& adapters) const {
    if (save_state_.empty()) return Done{};
    Path file = expand_home(save_state_, context.paths.home);
    return linnet::save_state(file, engine, saved, adapters);
}

}  // namespace linnet
