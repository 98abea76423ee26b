// Self-attention with grouped keys and values (Ainslie et al. 2023) over the paged cache: causal,
// or over all of a run that is a whole text.
//
// The positions that a token sees are taken in chunks that begin at fixed positions; each chunk
// gives a partial mixture with its maximum and sum, and these are merged in their order (Dao et al.
// 2022). So the bits do not depend on who computes a chunk, on what else is in the batch, nor on
// how a prompt was cut into steps.
#pragma once

#include <memory>
#include <optional>

#include "model/linear.h"
#include "model/norm.h"
#include "model/pass.h"
#include "model/rope.h"

namespace linnet {

class KvReader;

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
    struct Projected {
        float *q, *k, *v;  // (tokens, heads * head_dim), (tokens, kv_heads * head_dim) twice
    };
    struct Tile;
    struct Room;
    void project(Pass& pass, Operand normed, Projected to) const;
    void project_heads(Pass& pass, Operand normed, Projected to) const;
    void project_rows(Pass& pass, Operand normed, Projected to) const;
    void norm_and_turn(const Pass& pass, const Norm& norm, float* row, size_t size,
                       size_t token) const;
    void finish_query(const Pass& pass, float* row, size_t size, size_t token) const;
    void finish_key(const Pass& pass, float* row, size_t size, size_t token) const;
    void cache_head(Pass& pass, Projected from, size_t head, bool keys, bool values) const;

    Operand attend(Pass& pass, const float* q) const;
    Operand attend_tiles(Pass& pass, const float* q) const;
    Operand attend_chunks(Pass& pass, const float* q) const;
    template <class Body>
    void each_tile(const Pass& pass, Body body) const;
    Room room(Pass& pass) const;
    size_t place_of(const Tile& tile, size_t row) const;
    KvReader reader_of(const Pass& pass, const Tile& tile, const float* q, const Room& room) const;
    void attend_chunk(const Kernels& kernels, const KvReader& reader, const Tile& tile,
                      size_t chunk, const Room& room) const;
    void weigh(const Kernels& kernels, const Tile& tile, size_t chunk, const Room& room) const;
    void merge(const Kernels& kernels, float* sum, const float* part) const;
    void empty(float* sum) const { sum[mixture_floats_ + 1] = 0; }
    void finish_mixture(const float* sum, float* out) const;

    size_t first_seen(uint32_t position) const {
        return p_.window == 0 || position < p_.window ? 0 : position + 1 - p_.window;
    }
    size_t seen_end(const Run& run, size_t position) const {
        return p_.causal ? position + 1 : run.position + run.tokens.size();
    }

    Parts p_;
    size_t dim_, q_dim_, kv_dim_, group_;
    size_t mixture_floats_;  // the padded values of a query head
    size_t part_floats_;     // a partial mixture of one: these, maximum, sum
};

}  // namespace linnet
