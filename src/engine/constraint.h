// What may come next in an answer. The engine asks before it samples each token.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace linnet {

// Of one answer; used by one thread at a time.
class Constraint {
  public:
    virtual ~Constraint() = default;
    // A bit a token, from the lowest of the first word; tokens behind the last are not allowed.
    // `tokens_left`: how many may still come, this one included. Never without any bit.
    virtual std::span<const uint64_t> allowed(size_t tokens_left) = 0;
    virtual void accept(int32_t token) = 0;
    virtual bool is_done() const = 0;  // nothing may follow
    // A text that must come next, as tokens, at most `most`; usually none. Whoever samples may cut
    // the same text into others, so they are a guess.
    virtual std::vector<int32_t> foreseen(size_t most) {
        (void)most;
        return {};
    }
};

}  // namespace linnet
