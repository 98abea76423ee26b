// The things that `linnet prune` can do to a model, one after the other.
#pragma once

#include <memory>
#include <vector>

#include "linnet/command.h"
#include "linnet/quantize_text.h"

namespace linnet {

class PruneStep {
  public:
    virtual ~PruneStep() = default;
    virtual void declare(Syntax& syntax) = 0;
    // Usage where what was given makes no sense.
    virtual Result<> check() { return Done{}; }
    virtual bool asked() const = 0;
    // Whether it reads the calibration.
    virtual bool needs_text() const { return true; }
    // A text that the result is judged by where the user names none.
    virtual std::string usual_text() const { return {}; }

    // `original` is the model before all steps, which the text reads; the same as `model` in the
    // first one.
    struct Task {
        Context& context;
        QuantizeText& text;
        const Checkpoint& original;
        const Checkpoint& model;
        const Path& out;  // the GGUF file to write
    };
    virtual Result<> apply(const Task& task) = 0;
    // What it did, for people and as members of the document.
    virtual void report(Output& output, Json& document) const = 0;
};

// In the order in which they are applied.
std::vector<std::unique_ptr<PruneStep>> prune_steps();

std::unique_ptr<PruneStep> layers_step();
std::unique_ptr<PruneStep> heads_step();
std::unique_ptr<PruneStep> channels_step();
std::unique_ptr<PruneStep> masks_step();
std::unique_ptr<PruneStep> vocabulary_step();

}  // namespace linnet
