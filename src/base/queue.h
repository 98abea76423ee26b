// A queue between threads with a bound: who is faster waits or is told no.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>

#include "base/result.h"

namespace linnet {

template <class T>
class BoundedQueue {
  public:
    explicit BoundedQueue(size_t items_max) : items_max_(items_max) {
        check(items_max > 0, "a queue without room would block for ever");
    }

    // False, and the value untouched, where the queue is full or closed.
    bool try_push(T& value) {
        std::lock_guard lock(mutex_);
        if (closed_ || items_.size() >= items_max_) return false;
        items_.push_back(std::move(value));
        not_empty_.notify_one();
        return true;
    }
    bool try_push(T&& value) { return try_push(value); }

    // Waits for room. False where the queue was closed.
    bool push(T value) {
        std::unique_lock lock(mutex_);
        not_full_.wait(lock, [&] { return closed_ || items_.size() < items_max_; });
        if (closed_) return false;
        items_.push_back(std::move(value));
        not_empty_.notify_one();
        return true;
    }

    // Waits for an item. Nothing where the queue is closed and drained.
    std::optional<T> pop() {
        std::unique_lock lock(mutex_);
        not_empty_.wait(lock, [&] { return closed_ || !items_.empty(); });
        return take();
    }
    std::optional<T> pop_for(std::chrono::milliseconds wait) {
        std::unique_lock lock(mutex_);
        not_empty_.wait_for(lock, wait, [&] { return closed_ || !items_.empty(); });
        return take();
    }
    std::optional<T> try_pop() {
        std::lock_guard lock(mutex_);
        return take();
    }

    // Nothing more goes in; what is in still comes out.
    void close() {
        std::lock_guard lock(mutex_);
        closed_ = true;
        not_empty_.notify_all();
        not_full_.notify_all();
    }

    size_t size() const {
        std::lock_guard lock(mutex_);
        return items_.size();
    }

  private:
    std::optional<T> take() {
        if (items_.empty()) return std::nullopt;
        std::optional<T> out(std::move(items_.front()));
        items_.pop_front();
        not_full_.notify_one();
        return out;
    }

    const size_t items_max_;
    mutable std::mutex mutex_;
    std::condition_variable not_empty_, not_full_;
    std::deque<T> items_;
    bool closed_ = false;
};

}  // namespace linnet
