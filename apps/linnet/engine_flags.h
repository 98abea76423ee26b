// Flags that say how the engine works: what it keeps, how it guesses, and what it does when the
// context is full.
#pragma once

#include <string>

#include "engine/generator.h"
#include "linnet/command.h"
#include "state/saved_state.h"

namespace linnet {

class Checkpoint;

class EngineFlags {
  public:
    void declare(Syntax& syntax);
    void declare_state(Syntax& syntax);  // of commands that answer once

    // `math`: of the model, and of its draft model, which is loaded here.
    Result<> apply(Context& context, const Checkpoint& checkpoint, Math math,
                   EngineOptions& options) const;
    void apply(GenerationRequest& request) const { request.context_shift = context_shift_; }

    // What --load-state names, in the engine; nothing where it is not given.
    bool loads_state() const { return !load_state_.empty(); }
    Result<std::optional<SavedState>> load_state(const Context& context, Engine& engine,
                                                 const Adapters& adapters) const;
    // Writes what --save-state asks for, if it does. `reached`: of the answer's last event.
    Result<> save_state(const Context& context, Engine& engine, SavedState saved,
                        const Adapters& adapters) const;

  private:
    Result<Speculation> speculation() const;

    std::string lookup_ = "auto", draft_, save_state_, load_state_;
    bool deterministic_ = false, context_shift_ = false;
};

}  // namespace linnet
