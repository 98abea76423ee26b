// What one rendering may still spend. Templates are strangers' programs: every step and every byte
// that they make live is counted here, so that each of them ends, soon and within memory.
#pragma once

#include <cstddef>

#include "base/result.h"
#include "base/text.h"

namespace linnet::jinja {

class Budget {
  public:
    Budget(size_t steps_max, size_t memory_max)
        : steps_left_(steps_max), steps_max_(steps_max), memory_max_(memory_max) {}
    Budget(const Budget&) = delete;
    Budget& operator=(const Budget&) = delete;

    // Pays for work, and fails once the steps or the memory are spent. Memory is charged when a
    // value is made and judged here, so one operation may overshoot by what it was given.
    Result<Done> step(size_t count = 1) {
        if (count > steps_left_) [[unlikely]] {
            steps_left_ = 0;
            return Error{Code::BadInput, cat("takes more than ", steps_max_, " steps")};
        }
        steps_left_ -= count;
        if (used_ > memory_max_) [[unlikely]]
            return over();
        if (too_deep_) [[unlikely]]
            return Error{Code::BadInput, "nests values too deeply"};
        return Done{};
    }
    // Pays for going over bytes once.
    Result<Done> bytes(size_t count) { return step(1 + count / 64); }
    // Asked before an operation makes more than it was given.
    Result<Done> room(size_t bytes) const {
        if (bytes > memory_max_ || used_ > memory_max_ - bytes) [[unlikely]]
            return over();
        return Done{};
    }

    // A value nests deeper than whatever walks it can bear; the next step fails.
    void too_deep() { too_deep_ = true; }
    void charge(size_t bytes) { used_ += bytes; }
    void release(size_t bytes) { used_ -= bytes; }
    size_t used() const { return used_; }

  private:
    Error over() const {
        return Error{Code::BadInput,
                     cat("needs more than ", bytes_text(memory_max_), " of memory")};
    }

    size_t steps_left_;
    size_t steps_max_;
    size_t memory_max_;
    size_t used_ = 0;
    bool too_deep_ = false;
};

// The bytes that one value holds against a budget, given back with it. No budget: a constant of the
// template.
class Charge {
  public:
    Charge(Budget* budget, size_t bytes) : budget_(budget), bytes_(bytes) {
        if (budget_) budget_->charge(bytes_);
    }
    ~Charge() {
        if (budget_) budget_->release(bytes_);
    }
    Charge(const Charge&) = delete;
    Charge& operator=(const Charge&) = delete;

    void grow(size_t bytes) {
        if (!budget_) return;
        budget_->charge(bytes);
        bytes_ += bytes;
    }

  private:
    Budget* budget_;
    size_t bytes_;
};

}  // namespace linnet::jinja
