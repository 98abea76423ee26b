// A pool of persistent threads for compute: fork, join, and a barrier inside. No lock and no
// allocation while work runs.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <thread>
#include <type_traits>
#include <vector>

#include "base/crowding.h"
#include "base/result.h"

namespace linnet {

// A borrowed callable: no allocation, valid for the call it is passed to.
template <class Signature>
class FunctionRef;
template <class Out, class... In>
class FunctionRef<Out(In...)> {
  public:
    template <class F>
        requires(!std::is_same_v<std::remove_cvref_t<F>, FunctionRef> &&
                 std::is_invocable_r_v<Out, F&, In...>)
    FunctionRef(F&& f)
        : object_(const_cast<void*>(static_cast<const void*>(&f))),
          call_([](void* object, In... in) -> Out {
              return (*static_cast<std::remove_reference_t<F>*>(object))(std::forward<In>(in)...);
          }) {}
    Out operator()(In... in) const { return call_(object_, std::forward<In>(in)...); }

  private:
    void* object_;
    Out (*call_)(void*, In...);
};

// One owner calls run() and for_each(), one call at a time; the caller works along as worker 0.
// Workers that have nothing to do spin for a moment and then sleep, so an idle pool costs nothing.
// While it spins, a worker offers its processor to others every few microseconds.
class ThreadPool {
  public:
    explicit ThreadPool(size_t threads);
    ~ThreadPool();
    ThreadPool(const ThreadPool&) = delete;
    ThreadPool& operator=(const ThreadPool&) = delete;

    size_t size() const { return threads_; }

    // body(worker) once on each worker, 0 to size() - 1, at the same time. Returns when all are
    // done, so it waits for a worker that the system has taken off its processor.
    void run(FunctionRef<void(size_t worker)> body);
    // The same on as many workers as the machine has room for: body(worker, workers).
    void run_some(FunctionRef<void(size_t worker, size_t workers)> body);

    // Shares 0..count among the workers in contiguous, nearly equal parts, some for each:
    // body(begin, end), no empty part. Who is free takes the next, so a worker that the system runs
    // late costs at most the part it has begun: prefer this to run() and barrier() where processors
    // are shared.
    void for_each(size_t count, FunctionRef<void(size_t begin, size_t end)> body);
    // The same, with who does it, for scratch memory of its own.
    using PartBody = FunctionRef<void(size_t worker, size_t begin, size_t end)>;
    void for_each(size_t count, PartBody body);

    // Inside run() and run_some(): waits until every worker of it has come here; what each wrote
    // before is seen by all after.
    void barrier();

  private:
    void work(size_t worker);
    void announce(uint32_t kind, uint32_t parts);
    uint32_t take_parts(size_t worker, uint32_t round);
    uint32_t tickets_of(uint32_t round) const;
    void finish(uint32_t done);
    void join();
    void run_on(size_t workers, FunctionRef<void(size_t worker)> body);
    void wait_for_others(std::atomic<uint32_t>& value, uint32_t old);

    const size_t threads_;
    size_t running_ = 1;  // workers of this run(), set before they are told of it
    Crowding crowding_;
    // The job: the number of its round, with its kind (run, share or stop) in the lowest bits.
    alignas(64) std::atomic<uint32_t> round_ = 0;
    std::atomic<const FunctionRef<void(size_t)>*> body_ = nullptr;  // of run()
    std::atomic<const PartBody*> share_ = nullptr;                  // of for_each(), as these two:
    std::atomic<size_t> count_ = 0;
    std::atomic<uint32_t> parts_ = 0;
    alignas(64) std::atomic<uint64_t> ticket_ = 0;  // round << 32 | parts not yet taken, or workers
    alignas(64) std::atomic<uint32_t> pending_ = 0;   // workers, or parts, not yet done
    alignas(64) std::atomic<uint32_t> arrived_ = 0;   // at the barrier
    alignas(64) std::atomic<uint32_t> barriers_ = 0;  // barriers passed
    std::atomic<uint64_t> stalled_ns_ = 0;            // of all workers, in this run()
    std::vector<std::jthread> workers_;
};

}  // namespace linnet
