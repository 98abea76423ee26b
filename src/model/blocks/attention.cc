#include "model/blocks/attention.h"

#include <algorithm>

#include "model/blocks/residual.h"

namespace linnet {

// Tokens of a run that one worker takes at once, so that a page of keys is read once for all of
// them.
constexpr size_t tile_tokens = 8;
constexpr size_t page_tokens = KvCache::page_tokens;

Attention::Attention(Parts parts)
    : p_(std::move(parts)),
      dim_(p_.output.rows()),
      q_dim_(p_.heads * p_.head_dim),
      kv_dim_(p_.kv_heads * p_.head_dim),
      group_(p_.heads / p_.kv_heads) {
    check(p_.heads % p_.kv_heads == 0, "each key-value head serves as many query heads");
    check(group_ <= group_max, "few query heads share keys");
}

ScratchNeed Attention::scratch() const {
    size_t columns = std::max(dim_, q_dim_);
    return {.shared_per_token = dim_ + 2 * q_dim_ + 2 * kv_dim_ + Operand::block_floats(dim_) +
                                Operand::block_floats(q_dim_),
            .own = std::max(Matrix::panel_rows * columns, page_tokens * p_.head_dim),
            .own_per_context = tile_tokens * group_};
}

void Attention::run(Pass& pass) const {
    size_t tokens = pass.tokens;
    float* normed = pass.shared(tokens * dim_);
    float* q = pass.shared(tokens * q_dim_);
    float* k = pass.shared(tokens * kv_dim_);
    float* v = pass.shared(tokens * kv_dim_);
    float* mixed = pass.shared(tokens * q_dim_);
    ActBlock* normed_blocks = pass.blocks(dim_);
    ActBlock* mixed_blocks = pass.blocks(q_dim_);
    norm_input(pass, p_.norm, dim_, normed, normed_blocks);
    pass.barrier();
    project(pass, {normed, normed_blocks}, q, k, v);
    pass.barrier();
    place(pass, q, k, v);
    pass.barrier();
    attend(pass, q, mixed);
    pass.barrier();
    pass.share(tokens, 1, [&](size_t begin, size_t end) {
        pass.quantize(mixed, q_dim_, mixed_blocks, begin, end);
    });
    pass.barrier();
    float* out = normed;  // no longer needed
    add_output(pass, {p_.output, p_.post_norm, p_.residual_scale}, {mixed, mixed_blocks}, out);
}

// normed: (tokens, dim) -> q: (tokens, heads * head_dim), k and v: (tokens, kv_heads * head_dim)
void Attention::project(Pass& pass, Operand normed, float* q, float* k, float* v) const {
    // The three are one list of rows, so that the workers' shares are equal; each begins at a whole
    // panel.
    constexpr size_t panel = Matrix::panel_rows;
    auto panels = [](size_t rows) { return (rows + panel - 1) / panel * panel; };
    const size_t rows = panels(q_dim_) + 2 * panels(p_.key.rows());
    pass.share(rows, panel, [&](size_t begin, size_t end) {
        size_t first = 0;
        auto part = [&](const Linear& linear, float* y) {
            size_t from = std::max(begin, first), to = std::min(end, first + linear.rows());
            if (from < to)
                linear.run(pass.kernels, normed, pass.tokens, from - first, to - first, y,
                           linear.rows(), pass.own());
            first += panels(linear.rows());
        };
        part(p_.query, q);
        part(p_.key, k);
        part(p_.value, v);
    });
}

// Norms and turns queries and keys, scales the queries, and puts keys and values into the cache.
void Attention::place(Pass& pass, float* q, float* k, float* v) const {
    // Of each head, or of all heads together, as long as the norm is.
    auto normalize = [&](float* row, size_t size, const Norm& norm) {
        for (size_t at = 0; at < size && norm.size() > 0; at += norm.size())
            norm.run(pass.kernels, row + at, row + at);
    };
    auto prepare = [&](float* row, size_t size, const Norm& norm, size_t token) {
        normalize(row, size, norm);
        for (size_t at = 0; at < size && p_.rope; at += p_.head_dim)
            p_.rope->turn(row + at, pass.angles[p_.rope_index] + token * p_.rope->dims());
    };
    pass.share(pass.tokens, 1, [&](size_t begin, size_t end) {
        size_t t = 0;
        for (const Run& run : pass.batch.runs) {
            for (size_t i = 0; i < run.tokens.size(); i++, t++) {
                if (t < begin || t >= end) continue;
                prepare(q + t * q_dim_, q_dim_, p_.query_norm, t);
                for (size_t d = 0; d < q_dim_; d++) q[t * q_dim_ + d] *= p_.scale;
                if (p_.shared_layer) continue;
                prepare(k + t * kv_dim_, kv_dim_, p_.key_norm, t);
                normalize(v + t * kv_dim_, kv_dim_, p_.value_norm);
                size_t position = run.position + i;
                pass.kv.store(pass.kernels, pass.layer, run.pages[position / page_tokens],
                              position % page_tokens, k + t * kv_dim_, v + t * kv_dim_);
            }
        }
    });
}

// Tokens of one run, next to each other, and one key-value head with its group of query heads.
struct Attention::Tile {
    const Run& run;
    size_t first;  // within the run
    size_t count;
    size_t kv_head;
    const float* q;  // of the first token: (count, q_dim)
    float* mixed;

    uint32_t position(size_t i) const { return run.position + static_cast<uint32_t>(first + i); }
    uint32_t run_end() const { return run.position + static_cast<uint32_t>(run.tokens.size()); }
};

void Attention::attend(Pass& pass, const float* q, float* mixed) const {
    size_t tiles = 0;
    for (const Run& run : pass.batch.runs)
        tiles += (run.tokens.size() + tile_tokens - 1) / tile_tokens;
    pass.share(tiles * p_.kv_heads, 1, [&](size_t begin, size_t end) {
        size_t index = 0, token = 0;
        for (const Run& run : pass.batch.runs) {
            for (size_t first = 0; first < run.tokens.size(); first += tile_tokens) {
                size_t count = std::min(tile_tokens, run.tokens.size() - first);
                for (size_t head = 0; head < p_.kv_heads; head++, index++) {
                    if (index < begin || index >= end) continue;
                    size_t at = (token + first) * q_dim_;
                    attend_tile(pass, {run, first, count, head, q + at, mixed + at});
                }
            }
            token += run.tokens.size();
        }
    });
}

void Attention::attend_tile(Pass& pass, const Tile& tile) const {
    const size_t head_dim = p_.head_dim;
    auto last_seen = [&](size_t i) { return p_.causal ? tile.position(i) : tile.run_end() - 1; };
    auto first_seen = [&](size_t i) {
        uint32_t position = tile.position(i);
        return p_.window == 0 || position < p_.window ? 0 : position + 1 - p_.window;
    };
    const size_t layer = p_.shared_layer.value_or(pass.layer);
    const size_t page_first = first_seen(0) / page_tokens,
                 page_last = last_seen(tile.count - 1) / page_tokens;
    const size_t base = page_first * page_tokens;  // the position of score 0
    const size_t length = (page_last + 1) * page_tokens - base;
    float* page_scratch = pass.own();
    float* scores = page_scratch + scratch().own;  // (count * group, length)
    auto query = [&](size_t i) { return tile.q + i * q_dim_ + tile.kv_head * group_ * head_dim; };
    auto row = [&](size_t i, size_t g) { return scores + (i * group_ + g) * length; };

    for (size_t page = page_first; page <= page_last; page++) {
        const float* keys =
            pass.kv.keys(pass.kernels, layer, tile.run.pages[page], tile.kv_head, page_scratch);
        for (size_t i = 0; i < tile.count; i++) {
            if (page * page_tokens > last_seen(i)) continue;
            pass.kernels.matmul_f32(keys, page_tokens, head_dim, query(i), head_dim, group_,
                                    row(i, 0) + page * page_tokens - base, length);
        }
    }
    float scale[tile_tokens * group_max];
    for (size_t i = 0; i < tile.count; i++) {
        size_t seen = first_seen(i) - base, count = last_seen(i) - first_seen(i) + 1;
        for (size_t g = 0; g < group_; g++) {
            float* s = row(i, g) + seen;
            if (p_.soft_cap > 0) pass.kernels.soft_cap_f32(s, p_.soft_cap, count);
            scale[i * group_ + g] =
                1 / pass.kernels.exp_sum_f32(s, pass.kernels.max_f32(s, count), count);
            std::fill_n(tile.mixed + i * q_dim_ + (tile.kv_head * group_ + g) * head_dim, head_dim,
                        0.0f);
        }
    }
    for (size_t page = page_first; page <= page_last; page++) {
        const float* values =
            pass.kv.values(pass.kernels, layer, tile.run.pages[page], tile.kv_head, page_scratch);
        for (size_t i = 0; i < tile.count; i++) {
            size_t from = std::max<size_t>(page * page_tokens, first_seen(i));
            size_t to = std::min<size_t>((page + 1) * page_tokens, last_seen(i) + 1);
            if (from >= to) continue;
            for (size_t g = 0; g < group_; g++)
                pass.kernels.add_rows_f32(
                    row(i, g) + from - base, values + (from - page * page_tokens) * head_dim,
                    to - from, head_dim,
                    tile.mixed + i * q_dim_ + (tile.kv_head * group_ + g) * head_dim);
        }
    }
    for (size_t i = 0; i < tile.count; i++)
        for (size_t g = 0; g < group_; g++) {
            float* out = tile.mixed + i * q_dim_ + (tile.kv_head * group_ + g) * head_dim;
            for (size_t d = 0; d < head_dim; d++) out[d] *= scale[i * group_ + g];
        }
}

}  // namespace linnet
