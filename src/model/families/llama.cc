// Llama 1 to 3, Mistral, TinyLlama, SmolLM2: pre-normalized attention with grouped heads, and a
// gated SiLU feed-forward (Touvron et al. 2023).
#include <cmath>

#include "model/blocks/attention.h"
#include "model/blocks/mlp.h"
#include "model/families/family.h"

namespace linnet {
namespace {

struct Sizes {
    uint32_t dim, layers, hidden, heads, kv_heads, head_dim, vocabulary, rope_dims;
    float epsilon;
};

Result<Sizes> read_sizes(const Source& source) {
    Sizes s{};
    s.dim = TRY(source.need_uint("embedding_length", 1, 1 << 16));
    s.layers = TRY(source.need_uint("block_count", 1, 1024));
    s.hidden = TRY(source.need_uint("feed_forward_length", 1, 1 << 20));
    s.heads = TRY(source.need_uint("attention.head_count", 1, 1024));
    s.kv_heads = TRY(source.uint_or("attention.head_count_kv", 1, s.heads, s.heads));
    s.head_dim =
        TRY(source.uint_or("attention.key_length", 1, 1024, std::max(s.dim / s.heads, 1u)));
    s.rope_dims = TRY(source.uint_or("rope.dimension_count", 2, s.head_dim, s.head_dim));
    s.epsilon = TRY(source.float_or("attention.layer_norm_rms_epsilon", 1e-5f));
    if (s.heads % s.kv_heads != 0 || s.heads / s.kv_heads > 64 || s.rope_dims % 2 != 0)
        return Error{Code::BadInput,
                     cat("the model's settings do not fit together: ", s.heads, " heads, ",
                         s.kv_heads, " key-value heads, ", s.rope_dims, " rotary dimensions")};
    const Tensor* embedding = TRY(source.need("token_embd.weight"));
    uint64_t vocabulary = embedding->values / s.dim;
    if (vocabulary < 1 || vocabulary > 1 << 24)
        return Error{Code::BadInput, cat("the embedding is ", shape_text(embedding->shape),
                                         ", not a vocabulary of width ", s.dim)};
    s.vocabulary = static_cast<uint32_t>(vocabulary);
    return s;
}

Result<Rope> read_rope(const Source& source, const Sizes& s) {
    Rope rope;
    rope.pairs = source.from_hugging_face() ? RopePairs::Halves : RopePairs::Neighbours;
    float base = TRY(source.float_or("rope.freq_base", 10000));
    rope.inverse_frequencies = Rope::frequencies(s.rope_dims, base);
    // Llama 3.1 files carry its scaling as divisors of the frequencies.
    auto divisors = TRY(source.vector("rope_freqs.weight", s.rope_dims / 2, false));
    for (size_t i = 0; i < divisors.size(); i++) rope.inverse_frequencies[i] /= divisors[i];
    if (source.string_or("rope.scaling.type", "none") == "linear") {
        float factor = TRY(source.float_or("rope.scaling.factor", 1));
        for (float& frequency : rope.inverse_frequencies) frequency /= factor;
    }
    for (float frequency : rope.inverse_frequencies)
        if (!std::isfinite(frequency))
            return Error{Code::BadInput, "the rotary frequencies are not finite numbers"};
    return rope;
}

Result<Linear> read_linear(const Source& source, std::string_view name, size_t rows,
                           size_t columns) {
    Linear linear;
    linear.weight = source.matrix(*TRY(source.need(cat(name, ".weight"), rows, columns)), columns);
    linear.bias = TRY(source.vector(cat(name, ".bias"), rows, false));
    return linear;
}

Result<Norm> read_norm(const Source& source, std::string_view name, const Sizes& s) {
    Norm norm;
    norm.weight = TRY(source.vector(name, s.dim, true));
    norm.epsilon = s.epsilon;
    return norm;
}

Result<Attention::Parts> read_attention(const Source& source, const Sizes& s,
                                        std::string_view layer) {
    Attention::Parts parts;
    auto linear = [&](std::string_view name, size_t rows, size_t columns) {
        return read_linear(source, cat(layer, name), rows, columns);
    };
    size_t q_dim = size_t{s.heads} * s.head_dim, kv_dim = size_t{s.kv_heads} * s.head_dim;
    parts.norm = TRY(read_norm(source, cat(layer, "attn_norm.weight"), s));
    parts.query = TRY(linear("attn_q", q_dim, s.dim));
    parts.key = TRY(linear("attn_k", kv_dim, s.dim));
    parts.value = TRY(linear("attn_v", kv_dim, s.dim));
    parts.output = TRY(linear("attn_output", s.dim, q_dim));
    parts.heads = s.heads;
    parts.kv_heads = s.kv_heads;
    parts.head_dim = s.head_dim;
    parts.scale = 1 / std::sqrt(static_cast<float>(s.head_dim));
    return parts;
}

Result<Mlp::Parts> read_mlp(const Source& source, const Sizes& s, std::string_view layer) {
    Mlp::Parts parts;
    parts.norm = TRY(read_norm(source, cat(layer, "ffn_norm.weight"), s));
    parts.gate = TRY(read_linear(source, cat(layer, "ffn_gate"), s.hidden, s.dim));
    parts.up = TRY(read_linear(source, cat(layer, "ffn_up"), s.hidden, s.dim));
    parts.down = TRY(read_linear(source, cat(layer, "ffn_down"), s.dim, s.hidden));
    return parts;
}

}  // namespace

Result<ModelParts> build_llama(const Source& source) {
    Sizes s = TRY(read_sizes(source));
    if (source.has("blk.0.ffn_gate_inp.weight"))
        return Error{Code::Unsupported,
                     "the model is a mixture of experts, which this build cannot run"};
    ModelParts parts;
    parts.config = {.architecture = source.architecture(),
                    .vocabulary = s.vocabulary,
                    .dim = s.dim,
                    .layers = s.layers,
                    .context = TRY(source.uint_or("context_length", 1, 1 << 24, 2048))};
    const Tensor* embedding = TRY(source.need("token_embd.weight", s.vocabulary, s.dim));
    parts.embedding = Matrix(*embedding, s.dim);
    const Tensor* head = TRY(source.find_shaped("output.weight", s.vocabulary, s.dim));
    parts.head = source.matrix(head ? *head : *embedding, s.dim);
    parts.output_norm = TRY(read_norm(source, "output_norm.weight", s));
    auto rope = std::make_shared<const Rope>(TRY(read_rope(source, s)));
    parts.ropes.push_back(rope);
    for (uint32_t i = 0; i < s.layers; i++) {
        std::string layer = cat("blk.", i, ".");
        auto attention = TRY(read_attention(source, s, layer));
        attention.rope = rope;
        parts.blocks.push_back(std::make_unique<Attention>(std::move(attention)));
        parts.blocks.push_back(std::make_unique<Mlp>(TRY(read_mlp(source, s, layer))));
    }
    return parts;
}

}  // namespace linnet
