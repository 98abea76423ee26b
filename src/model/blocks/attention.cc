#include "model/blocks/attention.h"

#include <algorithm>
#include <cmath>

#include "model/blocks/activations.h"
#include "model/blocks/residual.h"
#include "model/kv_reader.h"

namespace linnet {

constexpr size_t page_tokens = KvCache::page_tokens;
// Tokens of a run that one worker takes at once, so that keys and values are read once for all of
// them.
constexpr size_t tile_tokens = 8;
constexpr size_t chunk_tokens = KvReader::chunk_tokens;

Attention::Attention(Parts parts)
    : p_(std::move(parts)),
      dim_(p_.output.rows()),
      q_dim_(p_.heads * p_.head_dim),
      kv_dim_(p_.kv_heads * p_.head_dim),
      group_(p_.heads / p_.kv_heads),
      mixture_floats_(KvCache::value_floats(p_.head_dim)),
      part_floats_(Pass::whole_lines(mixture_floats_ + 2)) {
    check(p_.heads % p_.kv_heads == 0, "each key-value head serves as many query heads");
    check(group_ <= group_max, "few query heads share keys");
}

ScratchNeed Attention::scratch() const {
    size_t rows = tile_tokens * group_;
    size_t columns = std::max(dim_, q_dim_);
    return {.shared_per_token = 2 * dim_ + 2 * q_dim_ + 2 * kv_dim_ + Operand::block_floats(dim_) +
                                Operand::block_floats(q_dim_),
            .shared_per_context = Pass::small_max * p_.heads * part_floats_,
            .own = common_own(dim_) + common_own(q_dim_) + 2 * Matrix::panel_rows * columns +
                   rows * (p_.head_dim + chunk_tokens + 2 * part_floats_) +
                   KvReader::room_floats(p_.head_dim, rows)};
}

void Attention::run(Pass& pass) const {
    const size_t tokens = pass.tokens;
    Operand normed = common_input(pass, p_.norm, dim_);
    Projected projected{pass.shared(tokens * q_dim_), pass.shared(tokens * kv_dim_),
                        pass.shared(tokens * kv_dim_)};
    project(pass, normed, projected);
    Operand mixed = attend(pass, projected.q);
    add_output(pass, {p_.output, p_.post_norm, p_.residual_scale}, mixed,
               pass.shared(tokens * dim_));
}

// Queries, normed, turned and scaled; keys and values of the batch in the cache. Ends with a
// barrier.
void Attention::project(Pass& pass, Operand normed, Projected to) const {
    // Who computes a whole head can finish it, unless a norm is of all heads together.
    auto of_heads = [&](const Norm& norm) {
        return norm.size() == 0 || norm.size() == p_.head_dim;
    };
    bool whole_panels = p_.head_dim % Matrix::panel_rows == 0;
    if (whole_panels && of_heads(p_.query_norm) && of_heads(p_.key_norm))
        project_heads(pass, normed, to);
    else
        project_rows(pass, normed, to);
    pass.barrier();
}

void Attention::project_heads(Pass& pass, Operand normed, Projected to) const {
    // Heads of queries, keys and values are one list, so that the workers' shares are equal.
    const size_t kv_heads = p_.shared_layer ? 0 : p_.kv_heads;
    pass.share(p_.heads + 2 * kv_heads, 1, [&](size_t begin, size_t end) {
        size_t first = 0;
        auto part = [&](const Linear& linear, size_t heads, float* y, auto finish) {
            size_t from = std::max(begin, first), until = std::min(end, first + heads);
            if (from < until) {
                linear.run(pass, normed, (from - first) * p_.head_dim,
                           (until - first) * p_.head_dim, y, linear.rows(), pass.own());
                for (size_t head = from; head < until; head++) finish(head - first);
            }
            first += heads;
        };
        part(p_.query, p_.heads, to.q, [&](size_t head) {
            for (size_t t = 0; t < pass.tokens; t++)
                finish_query(pass, to.q + t * q_dim_ + head * p_.head_dim, p_.head_dim, t);
        });
        part(p_.key, kv_heads, to.k, [&](size_t head) {
            for (size_t t = 0; t < pass.tokens; t++)
                finish_key(pass, to.k + t * kv_dim_ + head * p_.head_dim, p_.head_dim, t);
            cache_head(pass, to, head, true, false);
        });
        part(p_.value, kv_heads, to.v,
             [&](size_t head) { cache_head(pass, to, head, false, true); });
    });
}

void Attention::project_rows(Pass& pass, Operand normed, Projected to) const {
    const Product products[] = {
        {&p_.query, normed, to.q}, {&p_.key, normed, to.k}, {&p_.value, normed, to.v}};
    multiply_all(pass, products);
    pass.share(pass.tokens, 1, [&](size_t begin, size_t end) {
        for (size_t t = begin; t < end; t++) {
            finish_query(pass, to.q + t * q_dim_, q_dim_, t);
            if (!p_.shared_layer) finish_key(pass, to.k + t * kv_dim_, kv_dim_, t);
        }
    });
    if (p_.shared_layer) return;
    pass.barrier();
    pass.share(p_.kv_heads, 1, [&](size_t begin, size_t end) {
        for (size_t head = begin; head < end; head++) cache_head(pass, to, head, true, true);
    });
}

// `size` values of one token, here and below: a head, or all of them.
void Attention::norm_and_turn(const Pass& pass, const Norm& norm, float* row, size_t size,
                              size_t token) const {
    for (size_t at = 0; at < size && norm.size() > 0; at += norm.size())
        norm.run(pass.kernels, row + at, row + at);
    for (size_t at = 0; at < size && p_.rope; at += p_.head_dim)
        p_.rope->turn(row + at, pass.angles[p_.rope_index] + token * p_.rope->dims());
}

void Attention::finish_key(const Pass& pass, float* row, size_t size, size_t token) const {
    norm_and_turn(pass, p_.key_norm, row, size, token);
}

void Attention::finish_query(const Pass& pass, float* row, size_t size, size_t token) const {
    norm_and_turn(pass, p_.query_norm, row, size, token);
    for (size_t d = 0; d < size; d++) row[d] *= p_.scale;
}

void Attention::cache_head(Pass& pass, Projected from, size_t head, bool keys, bool values) const {
    size_t t = 0;
    for (const Run& run : pass.batch.runs) {
        for (size_t i = 0; i < run.tokens.size(); i++, t++) {
            size_t position = run.position + i, slot = position % page_tokens;
            uint32_t page = run.pages[position / page_tokens];
            size_t at = t * kv_dim_ + head * p_.head_dim;
            if (keys) pass.kv.store_key(pass.kernels, pass.layer, page, slot, head, from.k + at);
            for (size_t d = 0; d < p_.head_dim && values && p_.value_norm.size() > 0;
                 d += p_.value_norm.size())
                p_.value_norm.run(pass.kernels, from.v + at + d, from.v + at + d);
            if (values)
                pass.kv.store_value(pass.kernels, pass.layer, page, slot, head, from.v + at);
        }
    }
}

// Tokens of one run, next to each other, and one key-value head with its group of query heads. Its
// rows are (token, head of the group).
struct Attention::Tile {
    const Run& run;
    size_t token;  // of the batch
    uint32_t position;
    size_t count;
    size_t kv_head;
    size_t rows;
    size_t end;  // behind the last position that a token of it sees
    size_t chunk_first, chunk_last;
};

// What a worker computes a tile in.
struct Attention::Room {
    float* queries;  // (rows, head_dim)
    float* scores;   // (rows, chunk_tokens)
    float* part;     // (rows, part_floats)
    float* sum;      // the same
    float* reader;   // of KvReader
};

Attention::Room Attention::room(Pass& pass) const {
    size_t rows = tile_tokens * group_;
    return {pass.own(rows * p_.head_dim), pass.own(rows * chunk_tokens),
            pass.own(rows * part_floats_), pass.own(rows * part_floats_),
            pass.own(KvReader::room_floats(p_.head_dim, rows))};
}

// body(tile) for every tile of the batch.
template <class Body>
void Attention::each_tile(const Pass& pass, Body body) const {
    size_t token = 0;
    for (const Run& run : pass.batch.runs) {
        for (size_t first = 0; first < run.tokens.size(); first += tile_tokens) {
            size_t count = std::min(tile_tokens, run.tokens.size() - first);
            auto position = run.position + static_cast<uint32_t>(first);
            size_t end = seen_end(run, position + count - 1);
            for (size_t head = 0; head < p_.kv_heads; head++)
                body(Tile{.run = run,
                          .token = token + first,
                          .position = position,
                          .count = count,
                          .kv_head = head,
                          .rows = count * group_,
                          .end = end,
                          .chunk_first = first_seen(position) / chunk_tokens,
                          .chunk_last = (end - 1) / chunk_tokens});
        }
        token += run.tokens.size();
    }
}

// The mixture of values that each query head takes, (tokens, q_dim), with its int8 blocks.
Operand Attention::attend(Pass& pass, const float* q) const {
    return pass.small() ? attend_chunks(pass, q) : attend_tiles(pass, q);
}

// Many tokens: there are tiles enough for all workers.
Operand Attention::attend_tiles(Pass& pass, const float* q) const {
    float* mixed = pass.shared(pass.tokens * q_dim_);
    ActBlock* blocks = pass.blocks(q_dim_);
    Room room = this->room(pass);
    size_t tiles = 0, index = 0;
    each_tile(pass, [&](const Tile&) { tiles++; });
    pass.share(tiles, 1, [&](size_t begin, size_t end) {
        each_tile(pass, [&](const Tile& tile) {
            if (size_t at = index++; at < begin || at >= end) return;
            KvReader reader = reader_of(pass, tile, q, room);
            for (size_t row = 0; row < tile.rows; row++) empty(room.sum + row * part_floats_);
            for (size_t chunk = tile.chunk_first; chunk <= tile.chunk_last; chunk++) {
                attend_chunk(pass.kernels, reader, tile, chunk, room);
                for (size_t row = 0; row < tile.rows; row++)
                    merge(pass.kernels, room.sum + row * part_floats_,
                          room.part + row * part_floats_);
            }
            for (size_t row = 0; row < tile.rows; row++)
                finish_mixture(room.sum + row * part_floats_, mixed + place_of(tile, row));
        });
    });
    pass.barrier();
    pass.share(pass.tokens, 1,
               [&](size_t begin, size_t end) { pass.quantize(mixed, q_dim_, blocks, begin, end); });
    pass.barrier();
    return {mixed, blocks};
}

// Few tokens: the chunks of their positions are shared out, and each worker merges them all.
Operand Attention::attend_chunks(Pass& pass, const float* q) const {
    float* mixed = pass.own(pass.tokens * q_dim_);
    auto* blocks = pass.common_blocks(q_dim_);
    Room room = this->room(pass);
    size_t jobs = 0, chunks = 0, index = 0;
    each_tile(pass, [&](const Tile& tile) {
        jobs += tile.chunk_last - tile.chunk_first + 1;
        chunks = std::max(chunks, tile.chunk_last + 1);
    });
    float* parts = pass.shared(pass.tokens * p_.heads * chunks * part_floats_);
    auto part_of = [&](const Tile& tile, size_t row, size_t chunk) {
        size_t head = (tile.token + row / group_) * p_.heads + tile.kv_head * group_ + row % group_;
        return parts + (head * chunks + chunk) * part_floats_;
    };
    pass.share(jobs, 1, [&](size_t begin, size_t end) {
        each_tile(pass, [&](const Tile& tile) {
            const size_t first = std::max(begin, index);
            index += tile.chunk_last - tile.chunk_first + 1;
            const size_t last = std::min(end, index);
            if (first >= last) return;
            KvReader reader = reader_of(pass, tile, q, room);
            for (size_t at = first; at < last; at++) {
                const size_t chunk = tile.chunk_last + 1 - (index - at);
                attend_chunk(pass.kernels, reader, tile, chunk, room);
                for (size_t row = 0; row < tile.rows; row++)
                    std::copy_n(room.part + row * part_floats_, part_floats_,
                                part_of(tile, row, chunk));
            }
        });
    });
    pass.barrier();
    each_tile(pass, [&](const Tile& tile) {
        for (size_t row = 0; row < tile.rows; row++) {
            empty(room.sum);
            for (size_t chunk = tile.chunk_first; chunk <= tile.chunk_last; chunk++)
                merge(pass.kernels, room.sum, part_of(tile, row, chunk));
            finish_mixture(room.sum, mixed + place_of(tile, row));
        }
    });
    pass.quantize(mixed, q_dim_, blocks, 0, pass.tokens);
    return {mixed, blocks};
}

// With the tile's queries.
KvReader Attention::reader_of(const Pass& pass, const Tile& tile, const float* q,
                              const Room& room) const {
    const size_t row_floats = group_ * p_.head_dim;
    for (size_t i = 0; i < tile.count; i++)
        std::copy_n(q + place_of(tile, i * group_), row_floats, room.queries + i * row_floats);
    KvReader reader(pass.kernels, pass.kv, p_.shared_layer.value_or(pass.layer), tile.kv_head,
                    tile.rows, room.reader);
    reader.ask(room.queries);
    return reader;
}

// Where a row of a tile lies among (tokens, q_dim).
size_t Attention::place_of(const Tile& tile, size_t row) const {
    return (tile.token + row / group_) * q_dim_ +
           (tile.kv_head * group_ + row % group_) * p_.head_dim;
}

// The partial mixture of the positions of one chunk, into room.part. A row that sees none of them
// has the sum 0.
void Attention::attend_chunk(const Kernels& kernels, const KvReader& reader, const Tile& tile,
                             size_t chunk, const Room& room) const {
    const size_t base = chunk * chunk_tokens, end = std::min(base + chunk_tokens, tile.end);
    const size_t first = std::max(base, first_seen(tile.position)) / page_tokens;
    const size_t behind = KvCache::pages_for(end);
    const auto pages = tile.run.pages.subspan(first, behind - first);
    const size_t skipped = first * page_tokens - base;
    reader.score(pages, room.scores + skipped);
    weigh(kernels, tile, chunk, room);
    reader.mix(pages, room.scores + skipped, end - first * page_tokens, room.part, part_floats_);
}

// Scores become e^(score - their maximum), 0 where a token does not see; their maximum and sum
// stand behind the partial mixtures.
void Attention::weigh(const Kernels& kernels, const Tile& tile, size_t chunk,
                      const Room& room) const {
    const size_t base = chunk * chunk_tokens;
    for (size_t row = 0; row < tile.rows; row++) {
        auto position = tile.position + static_cast<uint32_t>(row / group_);
        size_t from = std::max(base, first_seen(position));
        size_t end = std::min(base + chunk_tokens, seen_end(tile.run, position));
        float* scores = room.scores + row * chunk_tokens;
        float* part = room.part + row * part_floats_;
        part[mixture_floats_] = part[mixture_floats_ + 1] = 0;
        if (from >= end) {
            std::fill_n(scores, chunk_tokens, 0.0f);
            continue;
        }
        float* seen = scores + (from - base);
        size_t count = end - from;
        if (p_.soft_cap > 0) kernels.soft_cap_f32(seen, p_.soft_cap, count);
        part[mixture_floats_] = kernels.max_f32(seen, count);
        part[mixture_floats_ + 1] = kernels.exp_sum_f32(seen, part[mixture_floats_], count);
        std::fill(scores, seen, 0.0f);
        std::fill(seen + count, scores + chunk_tokens, 0.0f);
    }
}

// Adds a part to a sum of parts, both as e^(score - their own maximum).
void Attention::merge(const Kernels& kernels, float* sum, const float* part) const {
    if (part[mixture_floats_ + 1] == 0) return;
    if (sum[mixture_floats_ + 1] == 0) {
        std::copy_n(part, mixture_floats_ + 2, sum);
        return;
    }
    float most = std::max(sum[mixture_floats_], part[mixture_floats_]);
    float factors[2] = {sum[mixture_floats_], part[mixture_floats_]};
    kernels.exp_sum_f32(factors, most, 2);
    for (size_t d = 0; d < mixture_floats_; d++) sum[d] *= factors[0];
    kernels.add_scaled_f32(sum, part, factors[1], mixture_floats_);
    sum[mixture_floats_] = most;
    sum[mixture_floats_ + 1] =
        sum[mixture_floats_ + 1] * factors[0] + part[mixture_floats_ + 1] * factors[1];
}

void Attention::finish_mixture(const float* sum, float* out) const {
    float scale = 1 / sum[mixture_floats_ + 1];
    for (size_t d = 0; d < p_.head_dim; d++) out[d] = sum[d] * scale;
}

}  // namespace linnet
