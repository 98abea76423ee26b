// A Hugging Face folder whose weights compressed-tensors stores in few bits, as one whose weights
// read plainly.
#pragma once

#include "base/threads.h"
#include "formats/checkpoint.h"
#include "formats/compressed_config.h"

namespace linnet {

// MODULE.weight for each module that has scales, in memory, and none of the tensors that it came
// from; ranges of activations are left out. The other tensors are the folder's.
Result<Checkpoint> decompress(const Checkpoint& folder, const CompressedConfig& config,
                              ThreadPool& pool);

}  // namespace linnet
