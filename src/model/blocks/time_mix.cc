#include "model/blocks/time_mix.h"

#include <algorithm>
#include <cmath>

#include "model/blocks/activations.h"
#include "model/blocks/residual.h"
#include "model/blocks/token_shift.h"

namespace linnet {

// Of all heads: e^-0.5, so that a state fades by at most that much in one step.
constexpr float fade_most = 0.606531f;
constexpr size_t head_dim_max = 256;

static float sigmoid(float x) {
    return 1 / (1 + std::exp(-x));
}

TimeMix::TimeMix(Parts parts)
    : p_(std::move(parts)),
      dim_(p_.output.rows()),
      ranks_(p_.decay.first.rows() + p_.rate.first.rows() + p_.gate.first.rows() +
             p_.value_blend.first.rows()) {
    check(dim_ % p_.head_dim == 0 && p_.head_dim <= head_dim_max, "heads divide the width");
    check(p_.blend.size() == blends * dim_, "a blend for each of six");
}

struct TimeMix::Room {
    float* normed;                                         // (tokens, dim)
    Activations mixed[blends];                             // (tokens, dim) each
    float *receptance, *key, *value;                       // (tokens, dim)
    Activations decay_low, rate_low, gate_low, value_low;  // (tokens, rank)
    float *decay, *rate, *gate, *value_blend;              // (tokens, dim)
    Activations y;                                         // (tokens, dim)
};

TimeMix::Room TimeMix::room(Pass& pass) const {
    auto plain = [&] { return pass.shared(pass.tokens * dim_); };
    Room room{};
    room.normed = plain();
    for (Activations& mixed : room.mixed) mixed = Activations::take(pass, dim_);
    for (float** to : {&room.receptance, &room.key, &room.value, &room.decay, &room.rate,
                       &room.gate, &room.value_blend})
        *to = plain();
    room.decay_low = Activations::take(pass, p_.decay.first.rows());
    room.rate_low = Activations::take(pass, p_.rate.first.rows());
    room.gate_low = Activations::take(pass, p_.gate.first.rows());
    room.value_low = Activations::take(pass, p_.value_blend.first.rows());
    room.y = Activations::take(pass, dim_);
    return room;
}

ScratchNeed TimeMix::scratch() const {
    size_t plain = 8 * dim_, wide = (blends + 1) * Activations::floats(dim_);
    size_t low = 0;
    for (const LowRank* part : {&p_.decay, &p_.rate, &p_.gate, &p_.value_blend})
        low += Activations::floats(part->first.rows());
    return {.shared_per_token = plain + wide + low,
            .own = Matrix::panel_rows * std::max(dim_, ranks_)};
}

void TimeMix::run(Pass& pass) const {
    Room r = room(pass);
    norm_input(pass, p_.norm, dim_, r.normed, nullptr);
    pass.barrier();
    blend(pass, r);
    project(pass, r);
    scan(pass, r);
    add_output(pass, {p_.output, {}, 1}, r.y.operand(), r.normed);
}

void TimeMix::blend(Pass& pass, Room& room) const {
    TokenShift shift{dim_};
    for (size_t b = 0; b < blends; b++)
        shift.blend(pass, room.normed, p_.blend.data() + b * dim_, room.mixed[b]);
    pass.barrier();
    shift.remember(pass, room.normed);
}

void TimeMix::project(Pass& pass, Room& r) const {
    const Product first[] = {{&p_.receptance, r.mixed[Receptance].operand(), r.receptance},
                             {&p_.key, r.mixed[Key].operand(), r.key},
                             {&p_.value, r.mixed[Value].operand(), r.value},
                             {&p_.decay.first, r.mixed[Decay].operand(), r.decay_low.x},
                             {&p_.rate.first, r.mixed[Rate].operand(), r.rate_low.x},
                             {&p_.gate.first, r.mixed[Gate].operand(), r.gate_low.x},
                             {&p_.value_blend.first, r.mixed[Value].operand(), r.value_low.x}};
    multiply_all(pass, first);
    pass.share(pass.tokens, 1, [&](size_t begin, size_t end) {
        r.decay_low.each(begin, end, [](float x) { return std::tanh(x); });
        r.gate_low.each(begin, end, sigmoid);
        for (const Activations* low : {&r.decay_low, &r.rate_low, &r.gate_low, &r.value_low})
            low->quantize(pass, begin, end);
    });
    pass.barrier();
    const Product second[] = {{&p_.decay.second, r.decay_low.operand(), r.decay},
                              {&p_.rate.second, r.rate_low.operand(), r.rate},
                              {&p_.gate.second, r.gate_low.operand(), r.gate},
                              {&p_.value_blend.second, r.value_low.operand(), r.value_blend}};
    multiply_all(pass, second);
}

void TimeMix::scan(Pass& pass, Room& room) const {
    const size_t heads = dim_ / p_.head_dim;
    pass.share(pass.batch.runs.size() * heads, 1, [&](size_t begin, size_t end) {
        size_t job = 0;
        pass.each_run([&](const Run& run, size_t first_token) {
            for (size_t head = 0; head < heads; head++, job++) {
                if (job < begin || job >= end) continue;
                float* state = pass.state(run) + dim_ + head * p_.head_dim * p_.head_dim;
                for (size_t t = first_token; t < first_token + run.tokens.size(); t++)
                    scan_head(pass, room, t, head, state);
            }
        });
    });
    pass.barrier();
    pass.share(pass.tokens, 1,
               [&](size_t begin, size_t end) { room.y.quantize(pass, begin, end); });
    pass.barrier();
}

// One token of one head, as pointers to its head_dim values.
struct TimeMix::Token {
    const float *receptance, *value, *gate;
    float key[head_dim_max];  // as it is added
};

// state = state * diag(fade) - (state removed) (removed * rate)^T + value key^T, y = state r.
void TimeMix::scan_head(const Pass& pass, const Room& room, size_t t, size_t head,
                        float* state) const {
    const size_t n = p_.head_dim, at = t * dim_ + head * n, weights = head * n;
    float *key = room.key + at, *value = room.value + at;
    Token token{
        .receptance = room.receptance + at, .value = value, .gate = room.gate + at, .key = {}};
    float removed[head_dim_max], learned[head_dim_max], fade[head_dim_max];
    if (first()) std::copy_n(value, n, pass.carried + at);
    float squares = 0;
    for (size_t i = 0; i < n; i++) {
        float rate = sigmoid(room.rate[at + i]);
        fade[i] = std::exp(-fade_most * sigmoid(room.decay[at + i]));
        removed[i] = key[i] * p_.key_removed[weights + i];
        squares += removed[i] * removed[i];
        token.key[i] = key[i] * (1 + (rate - 1) * p_.key_added[weights + i]);
        learned[i] = rate;
        if (!first())
            value[i] += (pass.carried[at + i] - value[i]) * sigmoid(room.value_blend[at + i]);
    }
    const float length = std::max(std::sqrt(squares), 1e-12f);
    for (size_t i = 0; i < n; i++) {
        removed[i] /= length;
        learned[i] *= removed[i];
    }
    float* y = room.y.x + at;
    for (size_t row = 0; row < n; row++) {
        float* s = state + row * n;
        float old = pass.kernels.dot_f32(s, removed, n);
        for (size_t i = 0; i < n; i++)
            s[i] = s[i] * fade[i] - old * learned[i] + value[row] * token.key[i];
        y[row] = pass.kernels.dot_f32(s, token.receptance, n);
    }
    finish_head(pass, token, head, y);
}

// Norms what the head read, adds the token's own value, and gates it.
void TimeMix::finish_head(const Pass& pass, const Token& token, size_t head, float* y) const {
    const size_t n = p_.head_dim, weights = head * n;
    auto count = static_cast<float>(n);
    float mean = pass.kernels.sum_f32(y, n) / count, bonus = 0;
    for (size_t i = 0; i < n; i++) {
        y[i] -= mean;
        bonus += token.receptance[i] * token.key[i] * p_.bonus[weights + i];
    }
    float scale = 1 / std::sqrt(pass.kernels.sum_squares_f32(y, n) / count + p_.head_norm.epsilon);
    for (size_t i = 0; i < n; i++) {
        float normed = y[i] * scale * p_.head_norm.weight[weights + i];
        y[i] = (normed + p_.head_norm.bias[weights + i] + bonus * token.value[i]) * token.gate[i];
    }
}

}  // namespace linnet
