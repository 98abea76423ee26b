// One step of the model over a batch of tokens, as one worker sees it. All workers run the same
// code at the same time on the same buffers, each on its share, and meet at barriers.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>

#include "base/threads.h"
#include "kernels/kernels.h"
#include "model/adapters/applied_adapter.h"
#include "model/adapters/low_rank.h"
#include "model/kv_cache.h"
#include "model/matrix.h"
#include "model/observer.h"

namespace linnet {

// A stretch of one sequence: tokens that follow each other, the first at `position`.
struct Run {
    std::span<const int32_t> tokens;
    uint32_t position = 0;
    std::span<const uint32_t> pages;  // of the sequence, enough for position + tokens.size()
    bool all_logits = false;          // else only those of the last token, if `last_logits`
    bool last_logits = true;
    // A bit for each token whose logit is of use, from the lowest of the first word; others may be
    // left at minus infinity. Empty: all are.
    std::span<const uint64_t> allowed{};
    // Of the sequence, Model::state_floats() of them: zeros in front of its first token, then what
    // earlier runs left.
    float* state = nullptr;
    std::span<const uint8_t> types{};  // of each token: which text of a pair; empty: all the first
    std::span<const AppliedAdapter> adapters{};  // of the model that runs
};

struct Batch {
    std::span<const Run> runs;
    ActivationObserver* observer = nullptr;

    size_t tokens() const {
        size_t count = 0;
        for (const Run& run : runs) count += run.tokens.size();
        return count;
    }
    bool adapted() const {
        return std::ranges::any_of(runs, [](const Run& run) { return !run.adapters.empty(); });
    }
};

class Pass {
  public:
    struct Worker {
        ThreadPool& pool;
        size_t index, count;
    };
    Pass(const Kernels& with, const Batch& of, KvCache& cache, Worker worker, float* residual,
         float* shared, float* own)
        : kernels(with),
          batch(of),
          kv(cache),
          tokens(of.tokens()),
          adapted(of.adapted()),
          observer(of.observer),
          x(residual),
          input(residual),
          worker_(worker),
          shared_(shared),
          own_(own) {}

    const Kernels& kernels;
    const Batch& batch;
    KvCache& kv;
    const size_t tokens;
    const bool adapted;  // some of its runs have adapters
    ActivationObserver* const observer;
    float* const x;                 // (tokens, dim): the residual stream
    const float* input;             // what blocks read: x, but where two stand side by side
    float* adapter_room = nullptr;  // LowRankUpdate::room_floats of this worker
    uint32_t layer = 0;
    size_t state_at = 0;       // of the block that runs, among the floats of a sequence's state
    float* carried = nullptr;  // (tokens, its floats): what blocks leave for later ones
    static constexpr size_t ropes_max = 4;
    float* angles[ropes_max] =
        {};  // for each rope of the model (tokens, its dims), set by the model

    void barrier() { worker_.pool.barrier(); }

    float* state(const Run& run) const { return run.state + state_at; }
    // body(run, first): its tokens are number `first` and those behind it.
    template <class Body>
    void each_run(Body body) const {
        size_t first = 0;
        for (const Run& run : batch.runs) {
            body(run, first);
            first += run.tokens.size();
        }
    }

    // This worker's share of 0..count, in multiples of `grain`: body(begin, end) if there is any.
    template <class Body>
    void share(size_t count, size_t grain, Body body) const {
        size_t groups = (count + grain - 1) / grain, workers = worker_.count;
        size_t begin = groups * worker_.index / workers * grain;
        size_t end = std::min(count, groups * (worker_.index + 1) / workers * grain);
        if (begin < end) body(begin, end);
    }

    // One small job out of many: job `index` goes to one worker.
    template <class Body>
    void share_one(size_t index, Body body) const {
        if (index % worker_.count == worker_.index) body();
    }

    // A batch so small that to norm and quantize it costs less than to wait for others: each worker
    // does all of it, for itself. The bits are the same.
    bool small() const { return tokens <= small_max; }
    static constexpr size_t small_max = 4;

    // A buffer of `floats` that all workers share; each worker asks for the same ones in the same
    // order. reset() gives all back.
    float* shared(size_t floats) { return take(shared_, shared_used_, floats); }
    // This worker's own, and what is left of it. reset() gives all back.
    float* own(size_t floats) { return take(own_, own_used_, floats); }
    float* own() const { return own_ + own_used_; }
    // What a small batch keeps for each worker, and a larger one once for all.
    float* common(size_t floats) { return small() ? own(floats) : shared(floats); }
    // body(begin, end) on this worker's tokens of what common() holds; then all of it is there.
    template <class Body>
    void fill_common(Body body) {
        if (small()) return body(size_t{0}, tokens);
        share(tokens, 1, body);
        barrier();
    }
    // Room for the int8 blocks of (tokens * rows_per_token, columns); null where the columns are no
    // whole number of blocks.
    ActBlock* blocks(size_t columns, size_t rows_per_token = 1) {
        if (columns % pack_columns != 0) return nullptr;
        return reinterpret_cast<ActBlock*>(
            shared(tokens * rows_per_token * Operand::block_floats(columns)));
    }
    ActBlock* common_blocks(size_t columns) {
        if (columns % pack_columns != 0) return nullptr;
        return reinterpret_cast<ActBlock*>(common(tokens * Operand::block_floats(columns)));
    }
    // Makes the blocks of tokens begin to end of x: (tokens, columns). Nothing where there is no
    // room for them.
    void quantize(const float* x_of, size_t columns, ActBlock* to, size_t begin, size_t end) const {
        if (!to) return;
        size_t per_token = columns / pack_columns;
        kernels.quantize_activations(x_of + begin * columns, (end - begin) * per_token,
                                     to + begin * per_token);
    }

    // Shows what a matrix is multiplied with, where somebody looks. Called for every share of its
    // rows; told of the first.
    void show(const Matrix& weight, const float* x_of, size_t count, size_t begin_row) const {
        if (observer && begin_row == 0) [[unlikely]]
            observer->see(weight, x_of, count);
    }

    // What all share so far stays for the whole step.
    void keep() { kept_ = shared_used_, own_used_ = 0; }
    void reset() { shared_used_ = kept_, own_used_ = 0; }
    // Gives back what was taken since the mark.
    struct Mark {
        size_t shared, own;
    };
    Mark mark() const { return {shared_used_, own_used_}; }
    void rewind(Mark mark) { shared_used_ = mark.shared, own_used_ = mark.own; }
    // Buffers begin at cache lines.
    static constexpr size_t whole_lines(size_t floats) { return (floats + 15) / 16 * 16; }

  private:
    static float* take(float* from, size_t& used, size_t floats) {
        float* out = from + used;
        used += whole_lines(floats);
        return out;
    }

    Worker worker_;
    float* shared_;
    float* own_;
    size_t shared_used_ = 0, kept_ = 0, own_used_ = 0;
};

// What a block needs of the buffers above, in floats; the cache lines that its buffers end in come
// on top.
struct ScratchNeed {
    size_t shared_per_token = 0;
    size_t shared_per_context = 0;  // for each page of the context
    size_t own = 0;                 // for each worker

    // Grows to what two blocks need that run one after the other.
    void cover(const ScratchNeed& other) {
        shared_per_token = std::max(shared_per_token, other.shared_per_token);
        shared_per_context = std::max(shared_per_context, other.shared_per_context);
        own = std::max(own, other.own);
    }
};

// A part of a layer that reads the residual stream and adds to it.
class Block {
  public:
    virtual ~Block() = default;
    // Called by all workers. Ends with what it wrote to x visible to all (a barrier).
    virtual void run(Pass& pass) const = 0;
    virtual ScratchNeed scratch() const = 0;
    virtual KvShape kv() const { return {}; }
    // What it keeps of a sequence, however long that is.
    virtual size_t state_floats() const { return 0; }
};

}  // namespace linnet
