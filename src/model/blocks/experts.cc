#include "model/blocks/experts.h"

#include <algorithm>
#include <cmath>

#include "model/blocks/residual.h"

namespace linnet {

constexpr size_t panel = Matrix::panel_rows;

Experts::Experts(Parts parts)
    : p_(std::move(parts)),
      dim_(p_.router.weight.columns()),
      hidden_(p_.experts.front().up.rows()),
      count_(p_.experts.size()) {
    check(p_.used >= 1 && p_.used <= count_ && p_.router.rows() == count_,
          "a token uses some of the experts");
}

// Which experts each token goes to. A token's uses are grouped by expert: use j of token t is row
// row_of[t * used + j] of what the experts work on.
struct Experts::Routes {
    float* scores;     // (tokens, experts)
    uint32_t* chosen;  // (tokens, used)
    float* weights;    // (tokens, used)
    uint32_t* row_of;  // (tokens, used)
    uint32_t* begins;  // (experts + 1): the rows of expert e are begins[e] to begins[e + 1]
    uint32_t* run_of;  // (tokens * used): a row's run, where runs have adapters
};

// What the experts work on, a row for each use.
struct Experts::Rows {
    float* x;  // (tokens * used, dim); later what comes out
    ActBlock* x_blocks;
    float* gate;  // (tokens * used, hidden)
    float* up;
    ActBlock* gate_blocks;
};

ScratchNeed Experts::scratch() const {
    size_t routes = count_ + 4 * p_.used + count_ + 1;
    size_t row = dim_ + 2 * hidden_ + Operand::block_floats(dim_) + Operand::block_floats(hidden_);
    return {.shared_per_token = dim_ + Operand::block_floats(dim_) + routes + p_.used * row,
            .own = panel * std::max(dim_, hidden_)};
}

void Experts::run(Pass& pass) const {
    const size_t tokens = pass.tokens, uses = tokens * p_.used;
    auto numbers = [&](size_t count) { return reinterpret_cast<uint32_t*>(pass.shared(count)); };
    float* normed = pass.shared(tokens * dim_);
    ActBlock* normed_blocks = pass.blocks(dim_);
    Routes routes{.scores = pass.shared(tokens * count_),
                  .chosen = numbers(uses),
                  .weights = pass.shared(uses),
                  .row_of = numbers(uses),
                  .begins = numbers(count_ + 1),
                  .run_of = numbers(uses)};
    Rows rows{.x = pass.shared(uses * dim_),
              .x_blocks = pass.blocks(dim_, p_.used),
              .gate = pass.shared(uses * hidden_),
              .up = pass.shared(uses * hidden_),
              .gate_blocks = pass.blocks(hidden_, p_.used)};
    norm_input(pass, p_.norm, dim_, normed, normed_blocks);
    pass.barrier();
    route(pass, {normed, normed_blocks}, routes);
    gather(pass, normed, routes, rows);
    transform(pass, routes, rows);
    combine(pass, routes, rows.x);
}

void Experts::route(Pass& pass, Operand normed, Routes& routes) const {
    pass.share(count_, panel, [&](size_t begin, size_t end) {
        p_.router.run(pass, normed, begin, end, routes.scores, count_, pass.own());
    });
    pass.barrier();
    pass.share(pass.tokens, 1, [&](size_t begin, size_t end) {
        for (size_t t = begin; t < end; t++)
            choose(routes.scores + t * count_, routes.chosen + t * p_.used,
                   routes.weights + t * p_.used);
    });
    pass.barrier();
    pass.share_one(0, [&] {
        sort(pass.tokens, routes);
        if (pass.adapted) find_runs(pass, routes);
    });
    pass.barrier();
}

// The `used` experts with the highest scores, the first where they are equal, and their weights.
void Experts::choose(const float* scores, uint32_t* chosen, float* weights) const {
    for (size_t j = 0; j < p_.used; j++) {
        auto taken = [&](uint32_t e) { return std::find(chosen, chosen + j, e) != chosen + j; };
        uint32_t best = 0;
        while (taken(best)) best++;
        for (uint32_t e = best + 1; e < count_; e++)
            if (scores[e] > scores[best] && !taken(e)) best = e;
        chosen[j] = best;
    }
    const float most = scores[chosen[0]];
    float sum = 0;
    if (!p_.normalize)
        for (size_t e = 0; e < count_; e++) sum += std::exp(scores[e] - most);
    for (size_t j = 0; j < p_.used; j++) {
        weights[j] = std::exp(scores[chosen[j]] - most);
        if (p_.normalize) sum += weights[j];
    }
    for (size_t j = 0; j < p_.used; j++) weights[j] /= sum;
}

void Experts::sort(size_t tokens, Routes& routes) const {
    const size_t uses = tokens * p_.used;
    std::fill_n(routes.begins, count_ + 1, 0u);
    for (size_t use = 0; use < uses; use++) routes.begins[routes.chosen[use] + 1]++;
    for (size_t e = 0; e < count_; e++) routes.begins[e + 1] += routes.begins[e];
    // begins[e] runs to the end of its expert, which is the next one's begin, and is set back.
    for (size_t use = 0; use < uses; use++)
        routes.row_of[use] = routes.begins[routes.chosen[use]]++;
    for (size_t e = count_; e > 0; e--) routes.begins[e] = routes.begins[e - 1];
    routes.begins[0] = 0;
}

void Experts::find_runs(const Pass& pass, Routes& routes) const {
    uint32_t index = 0;
    pass.each_run([&](const Run& run, size_t first) {
        for (size_t use = first * p_.used; use < (first + run.tokens.size()) * p_.used; use++)
            routes.run_of[routes.row_of[use]] = index;
        index++;
    });
}

void Experts::gather(Pass& pass, const float* normed, const Routes& routes, Rows& rows) const {
    pass.share(pass.tokens * p_.used, 1, [&](size_t begin, size_t end) {
        for (size_t use = begin; use < end; use++) {
            size_t row = routes.row_of[use];
            std::copy_n(normed + use / p_.used * dim_, dim_, rows.x + row * dim_);
            pass.quantize(rows.x, dim_, rows.x_blocks, row, row + 1);
        }
    });
    pass.barrier();
}

// x: (tokens * used, dim) becomes each expert's down(act(gate(x)) * up(x)).
void Experts::transform(Pass& pass, const Routes& routes, Rows& rows) const {
    auto operand = [&](const float* x, const ActBlock* blocks, size_t columns, size_t row) {
        return Operand{x + row * columns,
                       blocks ? blocks + row * (columns / pack_columns) : blocks};
    };
    // The rows of all experts that have work are one list, so that the workers' shares are equal.
    auto share = [&](size_t out_rows, auto body) {
        size_t busy = 0;
        for (size_t e = 0; e < count_; e++) busy += routes.begins[e] < routes.begins[e + 1];
        pass.share(busy * Matrix::whole_panels(out_rows), panel, [&](size_t begin, size_t end) {
            size_t first = 0;
            for (size_t e = 0; e < count_; e++) {
                size_t row = routes.begins[e], count = routes.begins[e + 1] - row;
                if (count == 0) continue;
                size_t from = std::max(begin, first), to = std::min(end, first + out_rows);
                if (from < to) body(p_.experts[e], row, count, from - first, to - first);
                first += Matrix::whole_panels(out_rows);
            }
        });
        pass.barrier();
    };
    // Of one expert, whose tokens may be of many runs.
    auto multiply = [&](const Linear& linear, Operand x, size_t row, size_t count,
                        LowRankUpdate::Rows out_rows, float* y) {
        pass.show(linear.weight, x.x, count, out_rows.begin);
        linear.run(pass.kernels, x, count, out_rows.begin, out_rows.end, y, linear.rows(),
                   pass.own());
        for (size_t i = 0; i < count && pass.adapted; i++)
            linear.adapt(pass, pass.batch.runs[routes.run_of[row + i]],
                         x.x + i * linear.weight.columns(), 1, out_rows, y + i * linear.rows(),
                         linear.rows());
    };
    auto activate = activation_of(pass.kernels, p_.activation);
    share(hidden_, [&](const Expert& expert, size_t row, size_t count, size_t begin, size_t end) {
        Operand x = operand(rows.x, rows.x_blocks, dim_, row);
        float *gate = rows.gate + row * hidden_, *up = rows.up + row * hidden_;
        multiply(expert.gate, x, row, count, {begin, end}, gate);
        multiply(expert.up, x, row, count, {begin, end}, up);
        for (size_t at = begin; at < count * hidden_; at += hidden_)
            activate(gate + at, up + at, gate + at, end - begin);
    });
    pass.share(pass.tokens * p_.used, 1, [&](size_t begin, size_t end) {
        pass.quantize(rows.gate, hidden_, rows.gate_blocks, begin, end);
    });
    pass.barrier();
    share(dim_, [&](const Expert& expert, size_t row, size_t count, size_t begin, size_t end) {
        multiply(expert.down, operand(rows.gate, rows.gate_blocks, hidden_, row), row, count,
                 {begin, end}, rows.x + row * dim_);
    });
}

void Experts::combine(Pass& pass, const Routes& routes, const float* out) const {
    pass.share(pass.tokens, 1, [&](size_t begin, size_t end) {
        for (size_t use = begin * p_.used; use < end * p_.used; use++)
            pass.kernels.add_scaled_f32(pass.x + use / p_.used * dim_,
                                        out + routes.row_of[use] * dim_,
                                        routes.weights[use] * p_.residual_scale, dim_);
    });
    pass.barrier();
}

}  // namespace linnet
