// Flags that say how the engine works: what it keeps, how it guesses, and what it does when the
// context is full.
#pragma once

#include <string>

#include "engine/generator.h"
#include "linnet/command.h"

namespace linnet {

class Checkpoint;

class EngineFlags {
  public:
    void declare(Syntax& syntax);

    // `math`: of the model, and of its draft model, which is loaded here.
    Result<> apply(Context& context, const Checkpoint& checkpoint, Math math,
                   EngineOptions& options) const;
    void apply(GenerationRequest& request) const { request.context_shift = context_shift_; }

  private:
    Result<Speculation> speculation() const;

    std::string kv_, lookup_ = "auto", draft_;
    bool deterministic_ = false, context_shift_ = false;
};

}  // namespace linnet
