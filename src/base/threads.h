// A pool of persistent threads for compute: fork, join, and a barrier inside. No lock and no
// allocation while work runs.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <thread>
#include <type_traits>
#include <vector>

#include "base/result.h"

namespace linnet {

// A borrowed callable: no allocation, valid for the call it is passed to.
template <class Signature>
class FunctionRef;
template <class Out, class... In>
class FunctionRef<Out(In...)> {
  public:
    template <class F>
        requires(!std::is_same_v<std::remove_cvref_t<F>, FunctionRef>)
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
// Workers that have nothing to do spin for some ten microseconds and then sleep, so an idle pool
// costs nothing.
class ThreadPool {
  public:
    explicit ThreadPool(size_t threads);
    ~ThreadPool();
    ThreadPool(const ThreadPool&) = delete;
    ThreadPool& operator=(const ThreadPool&) = delete;

    size_t size() const { return threads_; }

    // body(worker) once on each worker, 0 to size() - 1, at the same time. Returns when all are
    // done.
    void run(FunctionRef<void(size_t worker)> body);

    // Shares 0..count among the workers in contiguous, nearly equal parts: body(begin, end), no
    // empty part.
    void for_each(size_t count, FunctionRef<void(size_t begin, size_t end)> body);

    // Inside run(): waits until every worker has come here; what each wrote before is seen by all
    // after.
    void barrier();

  private:
    void work(size_t worker);

    const size_t threads_;
    const FunctionRef<void(size_t)>* body_ = nullptr;
    alignas(64) std::atomic<uint32_t> round_ = 0;     // a new value is a new job (or the end)
    alignas(64) std::atomic<uint32_t> running_ = 0;   // workers not yet done with the job
    alignas(64) std::atomic<uint32_t> arrived_ = 0;   // at the barrier
    alignas(64) std::atomic<uint32_t> barriers_ = 0;  // barriers passed
    std::atomic<bool> stopping_ = false;
    std::vector<std::jthread> workers_;
};

}  // namespace linnet
