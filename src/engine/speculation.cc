#include "engine/speculation.h"

#include <algorithm>

namespace linnet {

std::vector<int32_t> look_up(std::span<const int32_t> tokens, size_t matched_min, size_t most) {
    constexpr size_t matched_max = 16;  // longer is no surer
    size_t longest = 0, end = 0;        // the match ends in front of `end`
    for (size_t i = tokens.size(); i-- > 1 && longest < matched_max;) {
        size_t matched = 0;
        while (matched < std::min(i, matched_max) &&
               tokens[i - 1 - matched] == tokens[tokens.size() - 1 - matched])
            matched++;
        if (matched <= longest) continue;
        longest = matched;
        end = i;
    }
    std::vector<int32_t> out;
    if (longest < matched_min || longest == 0) return out;
    while (out.size() < most) {
        size_t at = end + out.size();
        out.push_back(at < tokens.size() ? tokens[at] : out[at - tokens.size()]);
    }
    return out;
}

size_t DraftLength::next() {
    if (rest_ == 0) return length_;
    rest_--;
    return 0;
}

void DraftLength::observe(size_t drafted, size_t accepted) {
    if (!adapts_ || drafted == 0) return;
    constexpr size_t misses_max = 6;
    if (accepted > 0) {
        misses_ = 0;
        length_ = accepted == drafted ? most_ : std::min(most_, accepted + 2);
        return;
    }
    misses_ = std::min(misses_ + 1, misses_max);
    length_ = std::max<size_t>(length_ / 2, std::min<size_t>(most_, 2));
    if (misses_ > 1) rest_ = size_t{1} << misses_;
}

}  // namespace linnet
