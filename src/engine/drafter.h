// Guesses for the sequences of an engine, from the form that an answer shall have, from what they
// have said and from a draft model. Not thread-safe; the engine owns it.
#pragma once

#include <memory>

#include "engine/draft_model.h"
#include "engine/sequence.h"

namespace linnet {

class Drafter {
  public:
    Drafter(Speculation how, std::unique_ptr<DraftModel> draft)
        : how_(std::move(how)), draft_(std::move(draft)) {}

    // The last token of a running answer and at most `most` guesses, into `sequence.checked`.
    void draft(Sequence& sequence, size_t most);
    // Hears how many of the guesses came true.
    void observe(Sequence& sequence, size_t accepted);
    // The sequence guesses no more.
    void release(Sequence& sequence);

    // Guessed tokens of all sequences in one step: enough for two sequences, because with more of
    // them a step is full without guesses.
    static constexpr size_t step_max = 16;

  private:
    bool foresee(Sequence& sequence, size_t most);
    bool look_up(Sequence& sequence, size_t most);
    static bool add(Sequence& sequence, DraftLength& length, std::vector<int32_t> guess);

    Speculation how_;
    std::unique_ptr<DraftModel> draft_;  // null where there is none
};

}  // namespace linnet
