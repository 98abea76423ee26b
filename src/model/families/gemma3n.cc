// Gemma 3n, its text: as Gemma 3, with several residual streams, an input of its own for each
// layer, a learned residual beside attention, a sparse feed-forward in the first layers, and keys
// and values that the last layers share (Gemma Team 2025).
#include <algorithm>
#include <cmath>

#include "model/blocks/altup.h"
#include "model/blocks/laurel.h"
#include "model/blocks/side_by_side.h"
#include "model/families/decoder.h"
#include "model/families/family.h"

namespace linnet {
namespace {

constexpr NamePair names[] = {
    {"activation", "hidden_activation"},
    {"final_logit_softcapping", "final_logit_softcapping"},
    {"rope.freq_base_swa", "rope_local_base_freq"},
    {"altup.active_idx", "altup_active_idx"},
    {"altup.num_inputs", "altup_num_inputs"},
    {"embedding_length_per_layer_input", "hidden_size_per_layer_input"},
    {"attention.shared_kv_layers", "num_kv_shared_layers"},
    {"activation_sparsity", "activation_sparsity_pattern"},
    {"laurel_rank", "laurel_rank"},
    {"per_layer_token_embd.weight", "model.embed_tokens_per_layer.weight"},
    {"per_layer_model_proj.weight", "model.per_layer_model_projection.weight"},
    {"per_layer_proj_norm.weight", "model.per_layer_projection_norm.weight"},
    {"altup_proj.#.weight", "model.altup_projections.#.weight"},
    {"altup_unembd_proj.#.weight", "model.altup_unembed_projections.#.weight"},
    {"blk.#.post_attention_norm.weight", "model.layers.#.post_attention_layernorm.weight"},
    {"blk.#.ffn_norm.weight", "model.layers.#.pre_feedforward_layernorm.weight"},
    {"blk.#.post_ffw_norm.weight", "model.layers.#.post_feedforward_layernorm.weight"},
    {"blk.#.altup_correct_coef.weight", "model.layers.#.altup.correction_coefs.weight"},
    {"blk.#.altup_correct_scale.weight", "model.layers.#.altup.correct_output_scale"},
    {"blk.#.altup_predict_coef.weight", "model.layers.#.altup.prediction_coefs.weight"},
    {"blk.#.altup_router.weight", "model.layers.#.altup.modality_router.weight"},
    {"blk.#.altup_router_norm.weight", "model.layers.#.altup.router_norm.weight"},
    {"blk.#.laurel_l.weight", "model.layers.#.laurel.linear_left.weight"},
    {"blk.#.laurel_r.weight", "model.layers.#.laurel.linear_right.weight"},
    {"blk.#.laurel_post_norm.weight", "model.layers.#.laurel.post_laurel_norm.weight"},
    {"blk.#.inp_gate.weight", "model.layers.#.per_layer_input_gate.weight"},
    {"blk.#.proj.weight", "model.layers.#.per_layer_projection.weight"},
    {"blk.#.post_norm.weight", "model.layers.#.post_per_layer_input_norm.weight"},
};

constexpr DecoderStyle style{
    .norm_after = true,
    .query_key_norm = QueryKeyNorm::Head,
    .activation = Activation::Gelu,
};

Result<Streams> read_streams(const Source& source, const DecoderSizes& s) {
    Streams streams{.dim = s.dim, .layers = s.layers};
    streams.count = TRY(source.need_uint("altup.num_inputs", 2, Streams::count_max));
    streams.layer_width = TRY(source.need_uint("embedding_length_per_layer_input", 1, 1 << 14));
    if (TRY(source.uint_or("altup.active_idx", 0, Streams::count_max, 0)) != 0)
        return Error{Code::Unsupported,
                     "the model's layers see another of its residual streams than the first"};
    return streams;
}

// One for each other stream: a GGUF file has them in one tensor, (streams - 1, dim, dim).
Result<std::vector<Linear>> read_projections(const Decoder& decoder, std::string_view name,
                                             const Streams& streams) {
    std::vector<Linear> out;
    const size_t others = streams.count - 1, dim = streams.dim;
    bool stacked = decoder.source().has(cat(name, ".weight"));
    for (size_t i = 0; i < others; i++)
        out.push_back(
            TRY(stacked ? decoder.linear(name, dim, dim, {.first = i * dim, .rows = others * dim})
                        : decoder.linear(cat(name, ".", i), dim, dim)));
    return out;
}

Result<AltUpStart::Parts> read_start(const Decoder& decoder, const Streams& streams) {
    const Source& source = decoder.source();
    const size_t all = streams.layers * streams.layer_width;
    AltUpStart::Parts parts;
    parts.streams = streams;
    parts.projections = TRY(read_projections(decoder, "altup_proj", streams));
    uint64_t rows = TRY(source.need("per_layer_token_embd.weight"))->values / all;
    if (rows < 1 || rows > 1 << 24)
        return Error{Code::BadInput, cat("the layers' embedding has ", rows, " rows")};
    const Tensor& embedding = *TRY(source.need("per_layer_token_embd.weight", rows, all));
    parts.layer_embedding = Matrix(embedding, all);
    parts.layer_projection = TRY(decoder.linear("per_layer_model_proj", all, streams.dim));
    parts.layer_norm = TRY(decoder.norm("per_layer_proj_norm", streams.layer_width));
    return parts;
}

Result<AltUpRouter> read_router(const Decoder& decoder, uint32_t layer, const Streams& streams) {
    AltUpRouter router;
    router.norm = TRY(decoder.norm(cat("blk.", layer, ".altup_router_norm"), streams.dim));
    for (float& weight : router.norm.weight) weight /= static_cast<float>(streams.dim);
    router.weights = TRY(decoder.source().values(cat("blk.", layer, ".altup_router.weight"),
                                                 streams.count * streams.dim));
    return router;
}

Result<AltUpCorrect::Parts> read_correct(const Decoder& decoder, uint32_t layer,
                                         const Streams& streams) {
    const size_t n = streams.count, dim = streams.dim, width = streams.layer_width;
    auto name = [&](std::string_view part) { return cat("blk.", layer, ".", part); };
    AltUpCorrect::Parts parts;
    parts.streams = streams;
    parts.layer = layer;
    parts.router = TRY(read_router(decoder, layer, streams));
    parts.coefficients = TRY(decoder.source().values(name("altup_correct_coef.weight"), n * n));
    parts.scale = TRY(decoder.source().vector(name("altup_correct_scale.weight"), dim, false));
    parts.gate = TRY(decoder.linear(name("inp_gate"), width, dim));
    parts.projection = TRY(decoder.linear(name("proj"), dim, width));
    parts.post_norm = TRY(decoder.norm(name("post_norm"), dim));
    return parts;
}

// The number that so many of a normal distribution's values lie below, by Newton's method.
double normal_quantile(double part) {
    double x = 0;
    for (int step = 0; step < 100; step++) {
        double below = std::erfc(-x / std::sqrt(2.0)) / 2;
        double density = std::exp(-x * x / 2) / std::sqrt(2 * std::acos(-1.0));
        x -= std::clamp((below - part) / density, -0.5, 0.5);
    }
    return x;
}

// How many deviations above its mean a gate has to be; nothing where all count.
Result<std::optional<float>> read_sparsity(const Source& source, uint32_t layer) {
    auto scales = source.floats("activation_sparsity_scale");  // a GGUF file's
    if (layer < scales.size() && std::isfinite(scales[layer])) return std::optional(scales[layer]);
    auto parts = source.floats("activation_sparsity");
    if (layer >= parts.size() || parts[layer] == 0) return std::optional<float>();
    if (!(parts[layer] > 0 && parts[layer] < 1))
        return Error{Code::BadInput, cat("a part of ", parts[layer],
                                         " of a layer's activations is said to be zero")};
    return std::optional(static_cast<float>(normal_quantile(parts[layer])));
}

// Attention and the learned residual, which read the same.
Result<> add_attention(Decoder& decoder, uint32_t layer, uint32_t own_layers,
                       const std::pair<Decoder::Rotation, Decoder::Rotation>& rotations) {
    const DecoderSizes& s = decoder.sizes();
    auto attention = TRY(decoder.attention(layer, layer < own_layers ? Keys::Own : Keys::Shared));
    attention.window = TRY(decoder.window(layer, 5));
    attention.turn_by(attention.window > 0 ? rotations.second : rotations.first);
    attention.scale = 1;
    attention.value_norm = {std::vector<float>(s.head_dim, 1), {}, s.epsilon, false};
    for (uint32_t other = 0; other < own_layers && layer >= own_layers; other++)
        if ((TRY(decoder.window(other, 5)) > 0) == (attention.window > 0))
            attention.shared_layer = other;
    if (layer >= own_layers && !attention.shared_layer)
        return Error{Code::BadInput,
                     cat("layer ", layer, " shares keys, and no layer of its kind has any")};
    Laurel::Parts laurel;
    laurel.norm = attention.norm;
    laurel.scale = std::sqrt(0.5f);
    auto name = [&](std::string_view part) { return cat("blk.", layer, ".laurel_", part); };
    uint64_t rank = TRY(decoder.source().need(name("l.weight")))->values / s.dim;
    if (rank < 1 || rank > 1 << 16)
        return Error{Code::BadInput, cat("the learned residual has ", rank, " rows")};
    laurel.left = TRY(decoder.linear(name("l"), rank, s.dim));
    laurel.right = TRY(decoder.linear(name("r"), s.dim, rank));
    laurel.post_norm = TRY(decoder.norm(name("post_norm"), s.dim));
    decoder.add(std::make_unique<SideBySide>(s.dim,
                                             std::make_unique<Attention>(std::move(attention)),
                                             std::make_unique<Laurel>(std::move(laurel))));
    return Done{};
}

Result<> add_layer(Decoder& decoder, uint32_t layer, uint32_t own_layers, const Streams& streams,
                   const std::pair<Decoder::Rotation, Decoder::Rotation>& rotations) {
    const Source& source = decoder.source();
    const size_t n = streams.count;
    AltUpPredict::Parts predict;
    predict.streams = streams;
    predict.router = TRY(read_router(decoder, layer, streams));
    predict.coefficients =
        TRY(source.values(cat("blk.", layer, ".altup_predict_coef.weight"), n * n * n));
    decoder.add(std::make_unique<AltUpPredict>(std::move(predict)));
    TRY(add_attention(decoder, layer, own_layers, rotations));
    uint32_t hidden = TRY(source.need_uint("feed_forward_length", 1, 1 << 20, layer));
    auto mlp = TRY(decoder.mlp(layer, {.suffix = "", .hidden = hidden}));
    mlp.sparsity = TRY(read_sparsity(source, layer));
    decoder.add(std::move(mlp));
    auto correct = TRY(read_correct(decoder, layer, streams));
    decoder.add(std::make_unique<AltUpCorrect>(std::move(correct)));
    return Done{};
}

Result<ModelParts> build(const Source& source) {
    Decoder decoder = TRY(Decoder::read(source, style));
    const DecoderSizes& s = decoder.sizes();
    decoder.model.embedding_scale = std::sqrt(static_cast<float>(s.dim));
    decoder.model.logit_soft_cap = TRY(source.float_or("final_logit_softcapping", 30));
    Streams streams = TRY(read_streams(source, s));
    decoder.model.carried_per_token = streams.floats_per_token();
    uint32_t shared = TRY(source.uint_or("attention.shared_kv_layers", 0, s.layers - 1, 0));
    auto full = TRY(decoder.rotation());
    auto sliding = TRY(decoder.sliding_rotation(10000));
    auto start = TRY(read_start(decoder, streams));
    decoder.add(std::make_unique<AltUpStart>(std::move(start)));
    for (uint32_t layer = 0; layer < s.layers; layer++)
        TRY(add_layer(decoder, layer, s.layers - shared, streams, {full, sliding}));
    auto last = TRY(read_projections(decoder, "altup_unembd_proj", streams));
    decoder.add(std::make_unique<AltUpEnd>(streams, std::move(last)));
    return std::move(decoder.model);
}

}  // namespace

const Family gemma3n_family{"gemma3n", build, names};

}  // namespace linnet
