// RWKV-7's time mixing: each head has a matrix that fades, forgets along one direction and learns
// along another at every token, and is read by a receptance (Peng et al. 2025, "RWKV-7 Goose",
// section 4).
#pragma once

#include "model/linear.h"
#include "model/norm.h"
#include "model/pass.h"

namespace linnet {

// Of low rank: second(f(first(x))), with the bias in the second.
struct LowRank {
    Linear first, second;  // (rank, dim), (dim, rank)
};

class TimeMix final : public Block {
  public:
    // What goes into receptance, decay, key, value, rate and gate: a blend with the token before.
    enum Blend : size_t { Receptance, Decay, Key, Value, Rate, Gate, blends };
    struct Parts {
        Norm norm;
        std::vector<float> blend;  // (blends, dim): how much of the token before
        Linear receptance, key, value, output;
        LowRank decay, rate, gate;
        LowRank value_blend;  // towards the first layer's values; without rows in that layer
        std::vector<float> key_removed, key_added, bonus;  // (dim) each: k_k, k_a, r_k
        Norm head_norm;  // over each head by itself, with weights of all: (dim)
        size_t head_dim = 0;
    };
    explicit TimeMix(Parts parts);

    void run(Pass& pass) const override;
    ScratchNeed scratch() const override;
    // The normed token before, (dim), then a (head_dim, head_dim) matrix for each head: rows of
    // values, columns of keys.
    size_t state_floats() const override { return dim_ + dim_ * p_.head_dim; }

  private:
    struct Room;
    struct Token;
    Room room(Pass& pass) const;
    bool first() const { return p_.value_blend.first.rows() == 0; }
    void blend(Pass& pass, Room& room) const;
    void project(Pass& pass, Room& room) const;
    void scan(Pass& pass, Room& room) const;
    void scan_head(const Pass& pass, const Room& room, size_t token, size_t head,
                   float* state) const;
    void finish_head(const Pass& pass, const Token& token, size_t head, float* y) const;

    Parts p_;
    size_t dim_, ranks_;
};

}  // namespace linnet
