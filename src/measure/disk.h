// How fast a file comes from its disk.
#pragma once

#include "base/cancel.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/result.h"

namespace linnet {

struct ReadSpeed {
    double bytes_per_second = 0;
    uint64_t bytes = 0;  // that were read for it
    bool cached =
        false;  // the system would not forget the file, so this is memory and not the disk
};

// Reads from a file's beginning for at most that long, after asking the system to forget what it
// holds of it. The file itself is not changed.
Result<ReadSpeed> measure_read_speed(const Path& path, double seconds_max, Clock& clock,
                                     const Cancel& cancel);
inline constexpr uint64_t read_speed_bytes_max = 512 << 20;

}  // namespace linnet
