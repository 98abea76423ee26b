// Alternating updates (Baykal et al. 2023), as Gemma 3n has them: a token has several residual
// streams, of which layers see the first; before a layer all are predicted from all, and behind it
// corrected by what the layer made of the first. Each layer also has an input of its own for every
// token, which is added to the other streams.
#pragma once

#include "model/blocks/activations.h"
#include "model/linear.h"
#include "model/norm.h"
#include "model/pass.h"

namespace linnet {

// What lies in Pass::carried. The first stream is Pass::x.
struct Streams {
    size_t dim = 0, count = 0;           // of the streams
    size_t layers = 0, layer_width = 0;  // of what each layer has for itself

    static constexpr size_t count_max = 16;
    size_t floats_per_token() const { return count * dim + layers * layer_width; }
    // Stream i, from 1 on: (tokens, dim).
    float* other(const Pass& pass, size_t i) const {
        return pass.carried + (i - 1) * pass.tokens * dim;
    }
    // The first stream as it was predicted: (tokens, dim).
    float* prediction(const Pass& pass) const { return other(pass, count); }
    float* layer_input(const Pass& pass, size_t layer) const {  // (tokens, layer_width)
        return other(pass, count + 1) + layer * pass.tokens * layer_width;
    }
};

// Makes the other streams of the first, and the layers' own inputs of it and of the tokens.
class AltUpStart final : public Block {
  public:
    struct Parts {
        Streams streams;
        std::vector<Linear> projections;  // (dim, dim), one for each other stream
        Matrix layer_embedding;           // (vocabulary, layers * layer_width)
        Linear layer_projection;          // (layers * layer_width, dim)
        Norm layer_norm;                  // (layer_width)
    };
    explicit AltUpStart(Parts parts) : p_(std::move(parts)) {}

    void run(Pass& pass) const override;
    ScratchNeed scratch() const override;

  private:
    size_t all_layers() const { return p_.streams.layers * p_.streams.layer_width; }
    void add_layer_inputs(const Pass& pass, size_t token, int32_t id, float* projected) const;

    Parts p_;
};

// How a layer's streams depend on each other: coefficients that depend on the token.
struct AltUpRouter {
    Norm norm;                   // with the factor of what it gives
    std::vector<float> weights;  // (count, dim)

    // tanh(weights norm(x)): `count` values. `scratch` holds dim floats.
    void run(const Pass& pass, const float* x, float* scratch, float* out) const;
};

class AltUpPredict final : public Block {
  public:
    struct Parts {
        Streams streams;
        AltUpRouter router;
        std::vector<float> coefficients;  // (count * count, count)
    };
    explicit AltUpPredict(Parts parts) : p_(std::move(parts)) {}

    void run(Pass& pass) const override;
    ScratchNeed scratch() const override;

  private:
    Parts p_;
};

class AltUpCorrect final : public Block {
  public:
    struct Parts {
        Streams streams;
        AltUpRouter router;
        std::vector<float> coefficients;  // (count, count)
        std::vector<float> scale;         // (dim), or empty
        size_t layer = 0;
        Linear gate, projection;  // (layer_width, dim), (dim, layer_width)
        Norm post_norm;
    };
    explicit AltUpCorrect(Parts parts) : p_(std::move(parts)) {}

    void run(Pass& pass) const override;
    ScratchNeed scratch() const override;

  private:
    void correct(const Pass& pass, size_t token, float* scratch) const;

    Parts p_;
};

// One stream of all: their mean, the others projected and as long as the first.
class AltUpEnd final : public Block {
  public:
    AltUpEnd(Streams streams, std::vector<Linear> projections)
        : s_(streams), projections_(std::move(projections)) {}

    void run(Pass& pass) const override;
    ScratchNeed scratch() const override;

  private:
    Streams s_;
    std::vector<Linear> projections_;
};

}  // namespace linnet
