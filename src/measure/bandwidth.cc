// Main idea: each thread reads its own part of a buffer that no cache holds, in vectors as wide as
// the processor has, either from front to back or as four streams at once (some prefetchers follow
// one stream no faster than 10 GB/s). Other programs can only make a run slower, so the best one
// counts.
#include "measure/bandwidth.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>

#include "base/text.h"

namespace linnet {
namespace {

template <size_t bytes>
struct VectorOf {
    typedef uint64_t Type __attribute__((vector_size(bytes)));
};

// Sums `streams` equal parts side by side. REQUIRES: size is a multiple of streams * 4 * width.
template <size_t width, size_t streams>
[[gnu::always_inline]] inline uint64_t sum(const std::byte* data, size_t size) {
    using Vector = typename VectorOf<width>::Type;
    constexpr size_t unrolled = 4;
    Vector sums[unrolled] = {};
    size_t part = size / streams;
    for (size_t at = 0; at < part; at += unrolled * width)
        for (size_t stream = 0; stream < streams; stream++)
            for (size_t i = 0; i < unrolled; i++) {
                Vector loaded;
                std::memcpy(&loaded, data + stream * part + at + i * width, width);
                sums[i] += loaded;
            }
    Vector all = sums[0] + sums[1] + sums[2] + sums[3];
    uint64_t total = 0;
    for (size_t i = 0; i < width / sizeof(uint64_t); i++) total += all[i];
    return total;
}

using Sum = uint64_t (*)(const std::byte*, size_t);

template <size_t streams>
uint64_t sum_16(const std::byte* data, size_t size) {
    return sum<16, streams>(data, size);
}

#if defined(__x86_64__)
template <size_t streams>
__attribute__((target("avx2"))) uint64_t sum_32(const std::byte* data, size_t size) {
    return sum<32, streams>(data, size);
}
template <size_t streams>
__attribute__((target("avx512f"))) uint64_t sum_64(const std::byte* data, size_t size) {
    return sum<64, streams>(data, size);
}

template <size_t streams>
Sum widest() {
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f")) return sum_64<streams>;
    if (__builtin_cpu_supports("avx2")) return sum_32<streams>;
    return sum_16<streams>;
}
#else
template <size_t streams>
Sum widest() {
    return sum_16<streams>;
}
#endif

constexpr size_t grain = 4096;  // parts are whole pages

class Buffer {
  public:
    explicit Buffer(size_t size) : size_(size) {
        void* address =
            ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (address == MAP_FAILED) return;
        data_ = static_cast<std::byte*>(address);
        ::madvise(data_, size, MADV_HUGEPAGE);
    }
    ~Buffer() {
        if (data_) ::munmap(data_, size_);
    }
    Buffer(const Buffer&) = delete;
    Buffer& operator=(const Buffer&) = delete;

    std::byte* data() const { return data_; }
    size_t size() const { return size_; }
    // The part of one of `threads` threads, in whole grains.
    std::span<std::byte> part(size_t thread, size_t threads) const {
        size_t each = size_ / threads / grain * grain;
        return {data_ + thread * each, each};
    }

  private:
    size_t size_;
    std::byte* data_ = nullptr;
};

class Runs {
  public:
    Runs(const Buffer& buffer, size_t threads, Clock& clock)
        : buffer_(buffer), clock_(clock), pool_(threads), sums_(threads) {}

    // The best of runs until the time is over, at least two of each kind.
    double best(double until_s, const Cancel& cancel) {
        constexpr int runs_max = 200;
        double best = 0;
        for (int run = 0; run < runs_max && !cancel.requested(); run++) {
            if (run >= 4 && clock_.now_s() >= until_s) break;
            best = std::max(best, once(run % 2 == 0 ? widest<1>() : widest<4>()));
        }
        return best;
    }

  private:
    // Bytes per second.
    double once(Sum sum_part) {
        double start = 0, end = 0;
        pool_.run([&](size_t thread) {
            auto part = buffer_.part(thread, pool_.size());
            pool_.barrier();
            if (thread == 0) start = clock_.now_s();
            sums_[thread] += sum_part(part.data(), part.size());
            pool_.barrier();
            if (thread == 0) end = clock_.now_s();
        });
        double bytes = static_cast<double>(buffer_.part(0, pool_.size()).size() * pool_.size());
        return end > start ? bytes / (end - start) : 0;
    }

    const Buffer& buffer_;
    Clock& clock_;
    ThreadPool pool_;
    std::vector<uint64_t> sums_;  // kept, so that the reading is not optimized away
};

// All counts up to eight, then about four to each doubling, and the last.
std::vector<size_t> thread_counts(size_t threads_max) {
    std::vector<size_t> counts;
    for (size_t count = 1; count < threads_max; count += std::max<size_t>(1, count / 4))
        counts.push_back(count);
    counts.push_back(threads_max);
    return counts;
}

}  // namespace

double Bandwidth::best() const {
    double best = 0;
    for (const BandwidthPoint& point : points) best = std::max(best, point.bytes_per_second);
    return best;
}

size_t Bandwidth::threads_enough() const {
    for (const BandwidthPoint& point : points)
        if (point.bytes_per_second >= 0.9 * best()) return point.threads;
    return 0;
}

Result<Bandwidth> measure_bandwidth(const BandwidthOptions& options, Clock& clock,
                                    const Cancel& cancel) {
    check(options.threads_max > 0, "somebody reads");
    double began_s = clock.now_s();
    uint64_t wanted = std::clamp(std::min(options.cache_bytes, bandwidth_buffer_max) * 4,
                                 uint64_t{128} << 20, bandwidth_buffer_max);
    Bandwidth out;
    out.buffer_bytes = std::min(wanted, options.memory_usable / 4) / grain * grain;
    if (out.buffer_bytes < bandwidth_buffer_min)
        return Error{Code::NoFit, cat("only ", bytes_text(options.memory_usable),
                                      " of memory are free, too few to measure its speed")};
    out.beyond_caches = out.buffer_bytes / 2 >= options.cache_bytes;
    Buffer buffer(out.buffer_bytes);
    if (!buffer.data()) return Error{Code::NoFit, "no memory to measure with"};
    {
        // Whoever reads a page first writes it, so that it lies near; a page that nobody wrote is
        // the shared page of zeros, which sits in the cache.
        ThreadPool pool(options.threads_max);
        pool.run([&](size_t thread) {
            auto part = buffer.part(thread, options.threads_max);
            std::memset(part.data(), static_cast<int>(thread + 1), part.size());
        });
    }
    auto counts = thread_counts(options.threads_max);
    for (size_t i = 0; i < counts.size(); i++) {
        double left_s = options.seconds_max - (clock.now_s() - began_s);
        double share_s = std::max(left_s, 0.0) / static_cast<double>(counts.size() - i);
        Runs runs(buffer, counts[i], clock);
        double best = runs.best(clock.now_s() + share_s, cancel);
        TRY(cancel.check());
        out.points.push_back({counts[i], best});
    }
    return out;
}

}  // namespace linnet
