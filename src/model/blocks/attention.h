// Self-attention with grouped keys and values (Ainslie et al. 2023) over the paged cache: causal,
// or over all of a run that is a whole text.
#pragma once

#include <memory>
#include <optional>

#include "model/matrix.h"
#include "model/norm.h"
#include "model/pass.h"
#include "model/rope.h"

namespace linnet {

class Attention final : public Block {
  public:
    struct Parts {
        Norm norm, post_norm;  // of what comes in, and of what is added; empty where there is none
        Linear query, key, value, output;
        Norm query_norm, key_norm;  // of each head, of all heads at once, or empty
        Norm value_norm;            // of each head, or empty
        // Whose keys and values it reads, by the number among cache layers, instead of its own.
        std::optional<uint32_t> shared_layer;
        std::shared_ptr<const Rope> rope;  // null where positions are not turned
        size_t rope_index = 0;             // among the model's
        void turn_by(std::pair<std::shared_ptr<const Rope>, size_t> rotation) {
            rope = std::move(rotation.first), rope_index = rotation.second;
        }
        size_t heads = 0, kv_heads = 0, head_dim = 0;
        float scale = 1;      // of the scores
        float soft_cap = 0;   // of the scores: cap * tanh(score / cap); 0 for none
        uint32_t window = 0;  // tokens that a token sees, itself included; 0 sees all
        bool causal = true;   // else it sees the tokens behind it too, and has no window
        float residual_scale = 1;
    };
    static constexpr size_t group_max = 128;  // query heads that share keys
    explicit Attention(Parts parts);

    void run(Pass& pass) const override;
    ScratchNeed scratch() const override;
    KvShape kv() const override {
        return p_.shared_layer ? KvShape{} : KvShape{p_.kv_heads, p_.head_dim};
    }

  private:
    struct Tile;
    void project(Pass& pass, Operand normed, float* q, float* k, float* v) const;
    void place(Pass& pass, float* q, float* k, float* v) const;
    void attend(Pass& pass, const float* q, float* mixed) const;
    void attend_tile(Pass& pass, const Tile& tile) const;

    Parts p_;
    size_t dim_, q_dim_, kv_dim_, group_;
};

}  // namespace linnet
