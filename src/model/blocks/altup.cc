#include "model/blocks/altup.h"

#include <algorithm>
#include <cmath>

namespace linnet {
namespace {

float root_mean_square(const Pass& pass, const float* x, size_t n) {
    return std::sqrt(pass.kernels.sum_squares_f32(x, n) / static_cast<float>(n));
}

// Scales y to the length of the first stream's x.
void match_length(const Pass& pass, const float* x, float* y, size_t dim) {
    constexpr float shortest = 1e-5f;  // of the mean square
    float own = pass.kernels.sum_squares_f32(y, dim) / static_cast<float>(dim);
    float factor = root_mean_square(pass, x, dim) / std::sqrt(std::max(own, shortest));
    for (size_t d = 0; d < dim; d++) y[d] *= factor;
}

}  // namespace

ScratchNeed AltUpStart::scratch() const {
    size_t dim = p_.streams.dim;
    return {.shared_per_token = Operand::block_floats(dim) + all_layers(),
            .own = std::max(Matrix::panel_rows * dim, all_layers())};
}

void AltUpStart::run(Pass& pass) const {
    const Streams& s = p_.streams;
    ActBlock* blocks = pass.blocks(s.dim);
    float* projected = pass.shared(pass.tokens * all_layers());
    pass.share(pass.tokens, 1,
               [&](size_t begin, size_t end) { pass.quantize(pass.x, s.dim, blocks, begin, end); });
    pass.barrier();
    std::vector<Product> products = {{&p_.layer_projection, {pass.x, blocks}, projected}};
    for (size_t i = 1; i < s.count; i++)
        products.push_back({&p_.projections[i - 1], {pass.x, blocks}, s.other(pass, i)});
    multiply_all(pass, products);
    pass.share(pass.tokens, 1, [&](size_t begin, size_t end) {
        pass.each_run([&](const Run& run, size_t first) {
            size_t last = std::min(first + run.tokens.size(), end);
            for (size_t t = std::max(first, begin); t < last; t++) {
                for (size_t i = 1; i < s.count; i++)
                    match_length(pass, pass.x + t * s.dim, s.other(pass, i) + t * s.dim, s.dim);
                add_layer_inputs(pass, t, run.tokens[t - first], projected + t * all_layers());
            }
        });
    });
    pass.barrier();
}

// (norm(projected / sqrt(dim)) + embedding * sqrt(width)) / sqrt(2), layer by layer.
void AltUpStart::add_layer_inputs(const Pass& pass, size_t token, int32_t id,
                                  float* projected) const {
    const Streams& s = p_.streams;
    const size_t width = s.layer_width;
    float* embedded = pass.own();
    // Tokens of images and sounds, at the end of the vocabulary, have no rows.
    auto row = static_cast<size_t>(id);
    p_.layer_embedding.decode_row(row < p_.layer_embedding.rows() ? row : 0, embedded);
    const float shrink = 1 / std::sqrt(static_cast<float>(s.dim));
    const float grow = std::sqrt(static_cast<float>(width)), half = std::sqrt(0.5f);
    for (size_t layer = 0; layer < s.layers; layer++) {
        float *from = projected + layer * width, *to = s.layer_input(pass, layer) + token * width;
        for (size_t i = 0; i < width; i++) from[i] *= shrink;
        p_.layer_norm.run(pass.kernels, from, to);
        for (size_t i = 0; i < width; i++)
            to[i] = (to[i] + embedded[layer * width + i] * grow) * half;
    }
}

void AltUpRouter::run(const Pass& pass, const float* x, float* scratch, float* out) const {
    const size_t dim = norm.size();
    norm.run(pass.kernels, x, scratch);
    for (size_t i = 0; i < weights.size() / dim; i++)
        out[i] = std::tanh(pass.kernels.dot_f32(weights.data() + i * dim, scratch, dim));
}

ScratchNeed AltUpPredict::scratch() const {
    return {.own = p_.streams.dim};
}

// stream j += sum over i of stream i * (coefficients routed)[j * count + i]
void AltUpPredict::run(Pass& pass) const {
    const Streams& s = p_.streams;
    const size_t n = s.count;
    pass.share(pass.tokens, 1, [&](size_t begin, size_t end) {
        for (size_t t = begin; t < end; t++) {
            float routed[Streams::count_max], mix[Streams::count_max * Streams::count_max];
            float *streams[Streams::count_max], before[Streams::count_max];
            p_.router.run(pass, pass.x + t * s.dim, pass.own(), routed);
            for (size_t i = 0; i < n * n; i++) {
                mix[i] = 0;
                for (size_t k = 0; k < n; k++) mix[i] += p_.coefficients[i * n + k] * routed[k];
            }
            for (size_t i = 0; i < n; i++)
                streams[i] = (i == 0 ? pass.x : s.other(pass, i)) + t * s.dim;
            for (size_t d = 0; d < s.dim; d++) {
                for (size_t i = 0; i < n; i++) before[i] = streams[i][d];
                for (size_t j = 0; j < n; j++) {
                    float sum = 0;
                    for (size_t i = 0; i < n; i++) sum += before[i] * mix[j * n + i];
                    streams[j][d] = before[j] + sum;
                }
            }
            std::copy_n(streams[0], s.dim, s.prediction(pass) + t * s.dim);
        }
    });
    pass.barrier();
}

ScratchNeed AltUpCorrect::scratch() const {
    const Streams& s = p_.streams;
    return {
        .shared_per_token = Activations::floats(s.dim) + Activations::floats(s.layer_width) + s.dim,
        .own = Matrix::panel_rows * std::max(s.dim, s.layer_width)};
}

void AltUpCorrect::run(Pass& pass) const {
    const Streams& s = p_.streams;
    Activations first = Activations::take(pass, s.dim);
    Activations gated = Activations::take(pass, s.layer_width);
    float* out = pass.shared(pass.tokens * s.dim);
    pass.share(pass.tokens, 1, [&](size_t begin, size_t end) {
        for (size_t t = begin; t < end; t++) {
            correct(pass, t, pass.own());
            for (size_t d = 0; d < s.dim; d++)
                first.x[t * s.dim + d] =
                    pass.x[t * s.dim + d] * (p_.scale.empty() ? 1 : p_.scale[d]);
        }
        first.quantize(pass, begin, end);
    });
    pass.barrier();
    const Product gate[] = {{&p_.gate, first.operand(), gated.x}};
    multiply_all(pass, gate);
    pass.share(pass.tokens, 1, [&](size_t begin, size_t end) {
        size_t at = begin * s.layer_width, count = (end - begin) * s.layer_width;
        pass.kernels.gelu_mul_f32(gated.x + at, s.layer_input(pass, p_.layer) + at, gated.x + at,
                                  count);
        gated.quantize(pass, begin, end);
    });
    pass.barrier();
    const Product project[] = {{&p_.projection, gated.operand(), out}};
    multiply_all(pass, project);
    pass.share(pass.tokens, 1, [&](size_t begin, size_t end) {
        for (size_t t = begin; t < end; t++) {
            p_.post_norm.run(pass.kernels, out + t * s.dim, out + t * s.dim);
            for (size_t i = 1; i < s.count; i++)
                pass.kernels.add_scaled_f32(s.other(pass, i) + t * s.dim, out + t * s.dim, 1,
                                            s.dim);
        }
    });
    pass.barrier();
}

// Each stream moves by what the layer changed of the first, times a coefficient and one.
void AltUpCorrect::correct(const Pass& pass, size_t token, float* scratch) const {
    const Streams& s = p_.streams;
    float routed[Streams::count_max], factors[Streams::count_max];
    float* x = pass.x + token * s.dim;
    const float* predicted = s.prediction(pass) + token * s.dim;
    p_.router.run(pass, x, scratch, routed);
    for (size_t i = 0; i < s.count; i++) {
        factors[i] = 1;
        for (size_t k = 0; k < s.count; k++)
            factors[i] += p_.coefficients[i * s.count + k] * routed[k];
    }
    for (size_t d = 0; d < s.dim; d++) {
        float change = x[d] - predicted[d];
        x[d] = predicted[d] + change * factors[0];
        for (size_t i = 1; i < s.count; i++)
            s.other(pass, i)[token * s.dim + d] += change * factors[i];
    }
}

ScratchNeed AltUpEnd::scratch() const {
    size_t each = s_.dim + Operand::block_floats(s_.dim);
    return {.shared_per_token = (s_.count - 1) * each, .own = Matrix::panel_rows * s_.dim};
}

void AltUpEnd::run(Pass& pass) const {
    std::vector<Product> products;
    std::vector<ActBlock*> blocks;
    for (size_t i = 1; i < s_.count; i++) {
        blocks.push_back(pass.blocks(s_.dim));
        products.push_back({&projections_[i - 1],
                            {s_.other(pass, i), blocks.back()},
                            pass.shared(pass.tokens * s_.dim)});
    }
    pass.share(pass.tokens, 1, [&](size_t begin, size_t end) {
        for (size_t i = 1; i < s_.count; i++)
            pass.quantize(s_.other(pass, i), s_.dim, blocks[i - 1], begin, end);
    });
    pass.barrier();
    multiply_all(pass, products);
    pass.share(pass.tokens, 1, [&](size_t begin, size_t end) {
        for (size_t t = begin; t < end; t++) {
            float* x = pass.x + t * s_.dim;
            for (const Product& product : products)
                match_length(pass, x, product.y + t * s_.dim, s_.dim);
            for (const Product& product : products)
                pass.kernels.add_scaled_f32(x, product.y + t * s_.dim, 1, s_.dim);
            for (size_t d = 0; d < s_.dim; d++) x[d] /= static_cast<float>(s_.count);
        }
    });
    pass.barrier();
}

}  // namespace linnet
