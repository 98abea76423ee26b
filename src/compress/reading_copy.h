// The model that reads texts for calibration.
#pragma once

#include "base/cancel.h"
#include "base/threads.h"
#include "formats/checkpoint.h"

namespace linnet {

// The same model with its matrices of 16 bits and more as Q8_0, which reads four times as fast.
// What matrices are multiplied with moves less by it than by another text. The model itself where
// the copy takes more than bytes_max.
Result<Checkpoint> reading_copy(const Checkpoint& checkpoint, uint64_t bytes_max, ThreadPool& pool,
                                const Cancel& cancel);

}  // namespace linnet
