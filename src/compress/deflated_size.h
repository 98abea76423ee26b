// How much room a file takes when it is compressed, as zip, gzip and file systems do.
#pragma once

#include "base/cancel.h"
#include "base/threads.h"
#include "formats/checkpoint.h"

namespace linnet {

// By zlib, a few megabytes at a time, of all files of a model.
Result<uint64_t> deflated_size(const Checkpoint& checkpoint, ThreadPool& pool,
                               const Cancel& cancel);

}  // namespace linnet
