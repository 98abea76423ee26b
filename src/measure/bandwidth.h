// How fast memory can be read, by 1 to n threads: what bounds the speed at which a model answers,
// as every token reads all weights once.
#pragma once

#include "base/cancel.h"
#include "base/clock.h"
#include "base/result.h"
#include "base/threads.h"

namespace linnet {

struct BandwidthOptions {
    size_t threads_max = 1;
    uint64_t cache_bytes = 0;    // of all caches; the buffer is four times that, within its bounds
    uint64_t memory_usable = 0;  // at most a quarter of it is taken
    double seconds_max = 1.2;
};

struct BandwidthPoint {
    size_t threads = 0;
    double bytes_per_second = 0;
};

struct Bandwidth {
    uint64_t buffer_bytes = 0;
    bool beyond_caches = false;  // the buffer is at least twice as large as the caches
    std::vector<BandwidthPoint> points;

    double best() const;
    // The fewest threads that reach nine tenths of the best.
    size_t threads_enough() const;
};

// The best of repeated short runs, with one and with four streams a thread. NoFit where memory is
// too short to say anything.
Result<Bandwidth> measure_bandwidth(const BandwidthOptions& options, Clock& clock,
                                    const Cancel& cancel);

inline constexpr uint64_t bandwidth_buffer_min = 32 << 20, bandwidth_buffer_max = 512 << 20;

}  // namespace linnet
