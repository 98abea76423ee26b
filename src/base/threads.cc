#include "base/threads.h"

#include <algorithm>

namespace linnet {
namespace {

void relax() {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
}

// Spins about 20 µs (a pause is 10 to 40 ns), then sleeps in the kernel until the value has
// changed.
void wait_while(std::atomic<uint32_t>& value, uint32_t old) {
    constexpr int spins_max = 1000;
    for (int spin = 0; spin < spins_max; spin++) {
        if (value.load(std::memory_order_acquire) != old) return;
        relax();
    }
    while (value.load(std::memory_order_acquire) == old) value.wait(old, std::memory_order_acquire);
}

}  // namespace

ThreadPool::ThreadPool(size_t threads) : threads_(std::max<size_t>(threads, 1)) {
    for (size_t worker = 1; worker < threads_; worker++)
        workers_.emplace_back([this, worker] { work(worker); });
}

ThreadPool::~ThreadPool() {
    stopping_ = true;
    round_.fetch_add(1, std::memory_order_release);
    round_.notify_all();
}

void ThreadPool::work(size_t worker) {
    uint32_t seen = 0;
    for (;;) {
        wait_while(round_, seen);
        seen++;
        if (stopping_) return;
        (*body_)(worker);
        if (running_.fetch_sub(1, std::memory_order_acq_rel) == 1) running_.notify_one();
    }
}

void ThreadPool::run(FunctionRef<void(size_t)> body) {
    if (threads_ == 1) return body(0);
    body_ = &body;
    running_.store(static_cast<uint32_t>(threads_ - 1), std::memory_order_relaxed);
    round_.fetch_add(1, std::memory_order_release);
    round_.notify_all();
    body(0);
    while (uint32_t left = running_.load(std::memory_order_acquire)) wait_while(running_, left);
    body_ = nullptr;
}

void ThreadPool::for_each(size_t count, FunctionRef<void(size_t, size_t)> body) {
    if (count == 0) return;
    size_t parts = std::min(count, threads_);
    if (parts == 1) return body(0, count);
    run([&](size_t worker) {
        if (worker < parts) body(count * worker / parts, count * (worker + 1) / parts);
    });
}

void ThreadPool::barrier() {
    if (threads_ == 1) return;
    uint32_t passed = barriers_.load(std::memory_order_relaxed);
    if (arrived_.fetch_add(1, std::memory_order_acq_rel) + 1 == threads_) {
        arrived_.store(0, std::memory_order_relaxed);
        barriers_.store(passed + 1, std::memory_order_release);
        barriers_.notify_all();
    } else {
        wait_while(barriers_, passed);
    }
}

}  // namespace linnet
