#include "model/blocks/state_space.h"

#include <algorithm>
#include <cmath>

#include "model/blocks/residual.h"

namespace linnet {

StateSpace::StateSpace(Parts parts) : p_(std::move(parts)), dim_(p_.output.rows()) {
    check(p_.heads % p_.groups == 0, "each group has as many heads");
    check(p_.input.rows() == p_.projected(), "the projection has all parts");
    check(p_.conv.channels == p_.convolved(), "the convolution is over value, write and read");
}

ScratchNeed StateSpace::scratch() const {
    size_t per_token = dim_ + p_.projected() + p_.convolved() + p_.inner() +
                       Operand::block_floats(dim_) + Operand::block_floats(p_.inner());
    size_t widest = std::max(dim_, p_.inner());
    return {.shared_per_token = per_token, .own = Matrix::panel_rows * widest};
}

void StateSpace::run(Pass& pass) const {
    const size_t tokens = pass.tokens, width = p_.projected(), inner = p_.inner();
    float* normed = pass.shared(tokens * dim_);
    float* projected = pass.shared(tokens * width);
    float* mixed = pass.shared(tokens * p_.convolved());
    float* y = pass.shared(tokens * inner);
    ActBlock* normed_blocks = pass.blocks(dim_);
    ActBlock* y_blocks = pass.blocks(inner);
    norm_input(pass, p_.norm, dim_, normed, normed_blocks);
    pass.barrier();
    pass.share(width, Matrix::panel_rows, [&](size_t begin, size_t end) {
        p_.input.run(pass, {normed, normed_blocks}, begin, end, projected, width, pass.own());
    });
    pass.barrier();
    if (!p_.factors.none()) scale(pass, projected);
    convolve(pass, projected, mixed);
    scan(pass, projected, mixed, y);
    pass.share(tokens, 1, [&](size_t begin, size_t end) {
        for (size_t t = begin; t < end; t++)
            finish_token(pass, projected + t * width, y + t * inner, pass.own());
        pass.quantize(y, inner, y_blocks, begin, end);
    });
    pass.barrier();
    float* out = normed;  // no longer needed
    add_output(pass, {p_.output, {}, p_.residual_scale}, {y, y_blocks}, out);
}

void StateSpace::scale(Pass& pass, float* projected) const {
    const size_t grouped = p_.groups * p_.state;
    const std::pair<float, size_t> parts[] = {{p_.factors.gate, p_.inner()},
                                              {p_.factors.value, p_.inner()},
                                              {p_.factors.write, grouped},
                                              {p_.factors.read, grouped},
                                              {p_.factors.step, p_.heads}};
    pass.share(pass.tokens, 1, [&](size_t begin, size_t end) {
        float* at = projected + begin * p_.projected();
        for (size_t t = begin; t < end; t++)
            for (auto [factor, count] : parts)
                for (size_t i = 0; i < count; i++) *at++ *= factor;
    });
    pass.barrier();
}

// mixed = silu(conv(value, write, read)): (tokens, convolved)
void StateSpace::convolve(Pass& pass, float* projected, float* mixed) const {
    const size_t width = p_.convolved(), stride = p_.projected();
    pass.share(width, 16, [&](size_t begin, size_t end) {
        pass.each_run([&](const Run& run, size_t first) {
            p_.conv.run({projected + first * stride + p_.inner(), stride},
                        {mixed + first * width, width}, run.tokens.size(), begin, end,
                        pass.state(run));
        });
        for (size_t t = 0; t < pass.tokens; t++) {
            float* x = mixed + t * width + begin;
            pass.kernels.silu_mul_f32(x, nullptr, x, end - begin);
        }
    });
    pass.barrier();
}

// log(1 + exp(x + bias)), how far the state moves at this token.
float StateSpace::step_of(const float* projected, size_t head) const {
    float x = projected[p_.inner() + p_.convolved() + head] + p_.step_bias[head];
    float step = x > 20 ? x : std::log1p(std::exp(x));
    return p_.step_most > 0 ? std::clamp(step, p_.step_least, p_.step_most) : step;
}

// For each head: state = exp(step * decay) * state + step * value (x) write, and what it reads of
// it. Heads are independent, tokens of a run follow each other.
void StateSpace::scan(Pass& pass, const float* projected, const float* mixed, float* y) const {
    const size_t n = p_.state, inner = p_.inner();
    auto head_of_run = [&](const Run& run, size_t first, size_t head) {
        float* state = pass.state(run) + p_.conv.state_floats() + head * p_.head_dim * n;
        const size_t group = head / (p_.heads / p_.groups);
        for (size_t t = first; t < first + run.tokens.size(); t++) {
            const float* token = mixed + t * p_.convolved();
            const float* value = token + head * p_.head_dim;
            const float* write = token + inner + group * n;
            const float* read = token + inner + (p_.groups + group) * n;
            const float step = step_of(projected + t * p_.projected(), head);
            const float keep = std::exp(step * p_.decay[head]);
            float* out = y + t * inner + head * p_.head_dim;
            for (size_t d = 0; d < p_.head_dim; d++) {
                float *row = state + d * n, add = step * value[d];
                for (size_t i = 0; i < n; i++) row[i] = row[i] * keep + add * write[i];
                out[d] = pass.kernels.dot_f32(row, read, n) + p_.skip[head] * value[d];
            }
        }
    };
    size_t jobs = pass.batch.runs.size() * p_.heads;
    pass.share(jobs, 1, [&](size_t begin, size_t end) {
        size_t job = 0;
        pass.each_run([&](const Run& run, size_t first) {
            for (size_t head = 0; head < p_.heads; head++, job++)
                if (job >= begin && job < end) head_of_run(run, first, head);
        });
    });
    pass.barrier();
}

// Gates and norms what one token read, (inner).
void StateSpace::finish_token(const Pass& pass, const float* gate, float* y, float* scratch) const {
    const size_t inner = p_.inner(), size = inner / p_.groups;
    auto apply_gate = [&] { pass.kernels.silu_mul_f32(gate, y, y, inner); };
    if (p_.inner_norm.size() == 0) return apply_gate();
    if (!p_.norm_before_gate) apply_gate();
    // The norm's weights are of all groups; each group has a length of its own.
    for (size_t at = 0; at < inner; at += size) {
        float squares = pass.kernels.sum_squares_f32(y + at, size);
        float factor = 1 / std::sqrt(squares / static_cast<float>(size) + p_.inner_norm.epsilon);
        pass.kernels.scale_f32(y + at, factor, p_.inner_norm.weight.data() + at, scratch, size);
        std::copy_n(scratch, size, y + at);
    }
    if (p_.norm_before_gate) apply_gate();
}

}  // namespace linnet
