#include "engine/drafter.h"

#include <algorithm>

namespace linnet {

void Drafter::draft(Sequence& sequence, size_t most) {
    sequence.checked.assign(1, sequence.tokens.back());
    sequence.guessed_by = nullptr;
    most = std::min(most, how_.drafted_max);
    if (most == 0 || !how_.guesses()) return;
    if (foresee(sequence, most) || look_up(sequence, most) || !draft_) return;
    if (!sequence.draft_place) sequence.draft_place = draft_->take(sequence.tokens);
    if (!sequence.draft_length) sequence.draft_length.emplace(how_.drafted_max, true);
    if (size_t wanted = std::min(most, sequence.draft_length->next()); wanted > 0)
        add(sequence, *sequence.draft_length,
            draft_->guess(*sequence.draft_place, sequence.tokens, wanted));
}

// What the answer's form leaves no choice about. False where there is no guess.
bool Drafter::foresee(Sequence& sequence, size_t most) {
    if (!sequence.request.constraint) return false;
    auto guess = sequence.request.constraint->foreseen(most);
    if (guess.empty()) return false;
    if (!sequence.form_length) sequence.form_length.emplace(how_.drafted_max, true);
    return add(sequence, *sequence.form_length, std::move(guess));
}

bool Drafter::look_up(Sequence& sequence, size_t most) {
    // Two tokens come together by chance too often to bet on them in any text.
    constexpr size_t matched_min = 3;
    if (how_.lookup == Speculation::Lookup::Off) return false;
    bool always = how_.lookup == Speculation::Lookup::Always;
    auto guess = linnet::look_up(sequence.tokens, always ? 1 : matched_min, most);
    if (guess.empty()) return false;
    if (!sequence.lookup_length) sequence.lookup_length.emplace(how_.drafted_max, !always);
    return add(sequence, *sequence.lookup_length, std::move(guess));
}

// As much of the guess as is worth its time; false where that is nothing.
bool Drafter::add(Sequence& sequence, DraftLength& length, std::vector<int32_t> guess) {
    size_t wanted = std::min(guess.size(), length.next());
    if (wanted == 0) return false;
    guess.resize(wanted);
    sequence.checked.insert(sequence.checked.end(), guess.begin(), guess.end());
    sequence.guessed_by = &length;
    return true;
}

void Drafter::observe(Sequence& sequence, size_t accepted) {
    size_t drafted = sequence.checked.size() - 1;
    sequence.stats.drafted_tokens += drafted;
    sequence.stats.accepted_tokens += accepted;
    if (sequence.guessed_by) sequence.guessed_by->observe(drafted, accepted);
}

void Drafter::release(Sequence& sequence) {
    if (sequence.draft_place) draft_->release(*sequence.draft_place);
    sequence.draft_place.reset();
}

}  // namespace linnet
