#include "base/threads.h"

#include <sched.h>

#include <algorithm>
#include <chrono>

namespace linnet {
namespace {

enum Kind : uint32_t { Run, Share, Stop, Kinds = 4 };

void relax() {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
}

// Spins, then sleeps in the kernel until the value has changed. To be woken costs 20 to 50 µs (more
// in a virtual machine), so the spin covers the pauses between steps; but whoever we wait for may
// need this very processor, so it is offered every few microseconds. Where another took it, more
// wants to run than there are processors, and to spin on would only be in its way. (Without that,
// on two busy processors: fork and join 48 instead of 15 µs, four threads at a barrier 74 instead
// of 23.)
//
// Returns how long it waited, 0 where that was no matter of the system's.
std::chrono::nanoseconds wait_while(std::atomic<uint32_t>& value, uint32_t old) {
    using Clock = std::chrono::steady_clock;
    constexpr std::chrono::microseconds spin_max(200), offer_every(5), taken(10), usual(100);
    constexpr std::chrono::nanoseconds none(0);
    auto start = Clock::now(), offered = start;
    for (;;) {
        for (int spin = 0; spin < 32; spin++) {
            if (value.load(std::memory_order_acquire) == old) {
                relax();
                continue;
            }
            return offered - start > usual ? Clock::now() - start : none;
        }
        auto now = Clock::now();
        if (now - start > spin_max) break;
        if (now - offered < offer_every) continue;
        ::sched_yield();
        offered = Clock::now();
        if (offered - now > taken) break;
    }
    while (value.load(std::memory_order_acquire) == old) value.wait(old, std::memory_order_acquire);
    auto waited = Clock::now() - start;
    return waited > usual ? waited : none;
}

// Where parts of `count` begin; count * part would overflow for the largest counts.
size_t part_begin(size_t count, size_t part, size_t parts) {
    return count / parts * part + count % parts * part / parts;
}

// A waiter counts itself, then looks at the value; who changes the value looks for waiters
// afterwards. Only sequential consistency keeps both from looking before the other is seen.
constexpr auto strong = std::memory_order_seq_cst;

}  // namespace

ThreadPool::ThreadPool(size_t threads)
    : threads_(std::max<size_t>(threads, 1)), crowding_(threads_) {
    for (size_t worker = 1; worker < threads_; worker++)
        workers_.emplace_back([this, worker] { work(worker); });
}

ThreadPool::~ThreadPool() {
    announce(Stop, 0);
}

void ThreadPool::announce(uint32_t kind, uint32_t parts) {
    uint32_t round = round_.load(std::memory_order_relaxed) / Kinds * Kinds + Kinds + kind;
    ticket_.store(uint64_t{round} << 32 | parts, std::memory_order_release);
    round_.exchange(round, strong);
    round_.notify_all();
}

void ThreadPool::work(size_t worker) {
    uint32_t seen = 0;
    for (;;) {
        wait_while(round_, seen);
        seen = round_.load(std::memory_order_acquire);
        if (seen % Kinds == Stop) return;
        uint32_t done = 0;
        if (seen % Kinds == Share)
            done = take_parts(worker, seen);
        else if (worker < tickets_of(seen))
            (*body_.load(std::memory_order_relaxed))(worker), done = 1;
        finish(done);
    }
}

// Of a round that is not over for this worker; 0 where it came when it was.
uint32_t ThreadPool::tickets_of(uint32_t round) const {
    uint64_t ticket = ticket_.load(std::memory_order_acquire);
    return ticket >> 32 == round ? static_cast<uint32_t>(ticket) : 0;
}

void ThreadPool::finish(uint32_t done) {
    if (done > 0 && pending_.fetch_sub(done, strong) == done) pending_.notify_one();
}

void ThreadPool::join() {
    while (uint32_t left = pending_.load(std::memory_order_acquire))
        wait_for_others(pending_, left);
}

void ThreadPool::run(FunctionRef<void(size_t)> body) {
    run_on(threads_, body);
}

void ThreadPool::run_some(FunctionRef<void(size_t, size_t)> body) {
    using Clock = std::chrono::steady_clock;
    auto seconds = [](auto time) { return std::chrono::duration<double>(time).count(); };
    auto began = Clock::now();
    size_t workers = crowding_.workers(seconds(began.time_since_epoch()));
    stalled_ns_.store(0, std::memory_order_relaxed);
    run_on(workers, [&](size_t worker) { body(worker, workers); });
    auto ended = Clock::now();
    auto stalled = std::chrono::nanoseconds(stalled_ns_.load(std::memory_order_relaxed));
    crowding_.observe(seconds(ended.time_since_epoch()), seconds(ended - began), seconds(stalled));
}

void ThreadPool::run_on(size_t workers, FunctionRef<void(size_t)> body) {
    running_ = workers;
    if (workers == 1) return body(0);
    body_.store(&body, std::memory_order_relaxed);
    pending_.store(static_cast<uint32_t>(workers - 1), std::memory_order_relaxed);
    announce(Run, static_cast<uint32_t>(workers));
    body(0);
    join();
}

void ThreadPool::wait_for_others(std::atomic<uint32_t>& value, uint32_t old) {
    auto waited = wait_while(value, old);
    if (waited.count() > 0)
        stalled_ns_.fetch_add(static_cast<uint64_t>(waited.count()), std::memory_order_relaxed);
}

void ThreadPool::for_each(size_t count, FunctionRef<void(size_t, size_t)> body) {
    for_each(count, [&](size_t, size_t begin, size_t end) { body(begin, end); });
}

void ThreadPool::for_each(size_t count, PartBody body) {
    constexpr size_t parts_per_worker = 4;
    if (count == 0) return;
    if (threads_ == 1 || count == 1) return body(0, 0, count);
    auto parts = static_cast<uint32_t>(std::min(count, threads_ * parts_per_worker));
    share_.store(&body, std::memory_order_relaxed);
    count_.store(count, std::memory_order_relaxed);
    parts_.store(parts, std::memory_order_relaxed);
    pending_.store(parts, std::memory_order_relaxed);
    announce(Share, parts);
    finish(take_parts(0, round_.load(std::memory_order_relaxed)));
    join();
}

// Takes and does parts of a round until none is left; how many it did. A worker may come when its
// round is long over and the next is being written: then what it reads is mixed, but the ticket
// bears another round by the time it would be exchanged, and nothing is taken.
uint32_t ThreadPool::take_parts(size_t worker, uint32_t round) {
    uint32_t done = 0;
    uint64_t ticket = ticket_.load(std::memory_order_acquire);
    while (ticket >> 32 == round && static_cast<uint32_t>(ticket) > 0) {
        const PartBody* body = share_.load(std::memory_order_relaxed);
        size_t count = count_.load(std::memory_order_relaxed);
        size_t parts = parts_.load(std::memory_order_relaxed);
        if (!ticket_.compare_exchange_weak(ticket, ticket - 1, std::memory_order_acq_rel,
                                           std::memory_order_acquire))
            continue;
        size_t part = parts - static_cast<uint32_t>(ticket);
        (*body)(worker, part_begin(count, part, parts), part_begin(count, part + 1, parts));
        done++;
        ticket = ticket_.load(std::memory_order_acquire);
    }
    return done;
}

void ThreadPool::barrier() {
    if (running_ == 1) return;
    uint32_t passed = barriers_.load(std::memory_order_relaxed);
    if (arrived_.fetch_add(1, std::memory_order_acq_rel) + 1 == running_) {
        arrived_.store(0, std::memory_order_relaxed);
        barriers_.exchange(passed + 1, strong);
        barriers_.notify_all();
    } else {
        wait_for_others(barriers_, passed);
    }
}

}  // namespace linnet
