// Making room in a context that is full, by forgetting what was said first.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace linnet {

// Drops the older half of what stands behind the first `keep` tokens, until at most `most` are
// left; how many that were. At most half of `most` is kept, so that there is always something to
// drop. REQUIRES: most > 0.
size_t drop_oldest(std::vector<int32_t>& tokens, size_t keep, size_t most);

}  // namespace linnet
