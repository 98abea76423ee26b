#include "engine/drafter.h"

#include <algorithm>

namespace linnet {

void Drafter::draft(Sequence& sequence, size_t most) {
    // Two tokens come together by chance too often to bet on them in any text.
    constexpr size_t matched_min = 3;
    sequence.checked.assign(1, sequence.tokens.back());
    sequence.guessed_by = nullptr;
    most = std::min(most, how_.drafted_max);
    if (most == 0 || !how_.guesses()) return;
    auto add = [&](DraftLength& length, const std::vector<int32_t>& guess) {
        sequence.checked.insert(sequence.checked.end(), guess.begin(), guess.end());
        sequence.guessed_by = &length;
    };
    bool always = how_.lookup == Speculation::Lookup::Always;
    if (how_.lookup != Speculation::Lookup::Off) {
        if (!sequence.lookup_length) sequence.lookup_length.emplace(how_.drafted_max, !always);
        DraftLength& length = *sequence.lookup_length;
        auto guess = look_up(sequence.tokens, always ? 1 : matched_min, most);
        if (size_t wanted = guess.empty() ? 0 : length.next(); wanted > 0) {
            guess.resize(std::min(guess.size(), wanted));
            return add(length, guess);
        }
    }
    if (!draft_) return;
    if (!sequence.draft_place) sequence.draft_place = draft_->take(sequence.tokens);
    if (!sequence.draft_length) sequence.draft_length.emplace(how_.drafted_max, true);
    if (size_t wanted = std::min(most, sequence.draft_length->next()); wanted > 0)
        add(*sequence.draft_length, draft_->guess(*sequence.draft_place, sequence.tokens, wanted));
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
