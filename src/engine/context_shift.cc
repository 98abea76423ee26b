#include "engine/context_shift.h"

#include <algorithm>

namespace linnet {

size_t drop_oldest(std::vector<int32_t>& tokens, size_t keep, size_t most) {
    const size_t before = tokens.size();
    keep = std::min(keep, most / 2);
    while (tokens.size() > most) {
        size_t dropped = (tokens.size() - keep + 1) / 2;
        auto first = tokens.begin() + static_cast<ptrdiff_t>(keep);
        tokens.erase(first, first + static_cast<ptrdiff_t>(dropped));
    }
    return before - tokens.size();
}

}  // namespace linnet
