#include "model/families/decoder.h"

#include <algorithm>
#include <cmath>

namespace linnet {

Result<Decoder> Decoder::read(const Source& source, const DecoderStyle& style) {
    Decoder decoder(source, style);
    TRY(decoder.read_sizes());
    TRY(decoder.read_frame());
    return decoder;
}

Result<> Decoder::read_sizes() {
    DecoderSizes& s = sizes_;
    s.dim = TRY(source_.need_uint("embedding_length", 1, 1 << 16));
    s.layers = TRY(source_.need_uint("block_count", 1, 1024));
    s.context = TRY(source_.uint_or("context_length", 1, 1 << 24, 2048));
    s.epsilon = TRY(source_.float_or(
        style_.layer_norm ? "attention.layer_norm_epsilon" : "attention.layer_norm_rms_epsilon",
        1e-5f));
    activation_ = TRY(activation());
    if (!style_.attention) return Done{};
    s.hidden = TRY(hidden_size());
    TRY(read_head_sizes());
    return read_expert_sizes();
}

Result<uint32_t> Decoder::hidden_size() const {
    constexpr uint32_t most = 1 << 20;
    if (style_.hidden_by_tensor) {
        uint64_t rows = TRY(source_.need("blk.0.ffn_up.weight"))->values / sizes_.dim;
        if (rows >= 1 && rows <= most) return static_cast<uint32_t>(rows);
        return Error{Code::BadInput, cat("the model's feed-forward has ", rows, " rows")};
    }
    if (style_.usual_hidden == 0) return source_.need_uint("feed_forward_length", 1, most);
    return source_.uint_or("feed_forward_length", 1, most, style_.usual_hidden * sizes_.dim);
}

Result<> Decoder::read_head_sizes() {
    DecoderSizes& s = sizes_;
    s.heads = TRY(source_.need_uint("attention.head_count", 1, 1024));
    // One number, or one for each layer, which is 0 where there is no attention.
    auto listed = source_.floats("attention.head_count_kv");
    if (listed.empty()) {
        s.kv_heads = TRY(source_.uint_or("attention.head_count_kv", 1, s.heads, s.heads));
    } else {
        float most = std::ranges::max(listed);
        s.kv_heads = most >= 1 && most <= static_cast<float>(s.heads) ? static_cast<uint32_t>(most)
                                                                      : 0;  // refused below
    }
    s.head_dim =
        TRY(source_.uint_or("attention.key_length", 1, 1024, std::max(s.dim / s.heads, 1u)));
    if (s.kv_heads == 0 || s.heads % s.kv_heads != 0 ||
        s.heads / s.kv_heads > Attention::group_max || s.head_dim > 1024)
        return Error{Code::BadInput,
                     cat("the model's settings do not fit together: ", s.heads, " heads of ",
                         s.head_dim, " values and ", s.kv_heads, " key-value heads")};
    return Done{};
}

Result<> Decoder::read_expert_sizes() {
    DecoderSizes& s = sizes_;
    s.experts = TRY(source_.uint_or("expert_count", 0, 1024, 0));
    if (s.experts == 0) return Done{};
    constexpr uint64_t experts_max = 1 << 17;  // of all layers; each takes some memory
    if (uint64_t{s.experts} * s.layers > experts_max)
        return Error{Code::BadInput, cat("the model says to have ", s.experts, " experts in ",
                                         s.layers, " layers, which is too many")};
    s.experts_used = TRY(source_.need_uint("expert_used_count", 1, s.experts));
    s.expert_hidden = TRY(source_.uint_or("expert_feed_forward_length", 1, 1 << 20, s.hidden));
    return Done{};
}

// A folder says which it is; a GGUF file leaves it to the family.
Result<Activation> Decoder::activation() const {
    std::string name = source_.from_hugging_face() ? source_.string_or("activation", "") : "";
    if (name.empty()) return style_.activation;
    if (name == "silu" || name == "swish" || name == "swiglu") return Activation::Silu;
    if (name == "gelu") return Activation::GeluErf;
    if (name == "gelu_pytorch_tanh" || name == "gelu_new" || name == "gelu_fast")
        return Activation::Gelu;
    return Error{Code::Unsupported, cat("the model's activation is '", printable(name, 40),
                                        "', which this build does not know")};
}

Result<> Decoder::read_frame() {
    DecoderSizes& s = sizes_;
    const Tensor* embedding = TRY(source_.need("token_embd.weight"));
    uint64_t vocabulary = embedding->values / s.dim;
    if (vocabulary < 1 || vocabulary > 1 << 24)
        return Error{Code::BadInput, cat("the embedding is ", shape_text(embedding->shape),
                                         ", not a vocabulary of width ", s.dim)};
    s.vocabulary = static_cast<uint32_t>(vocabulary);
    TRY(source_.need("token_embd.weight", s.vocabulary, s.dim));
    model.config = {.architecture = source_.architecture(),
                    .vocabulary = s.vocabulary,
                    .dim = s.dim,
                    .layers = s.layers,
                    .context = s.context};
    model.embedding = Matrix(*embedding, s.dim);
    model.causal = !style_.encoder;
    if (style_.encoder) return Done{};
    bool tied = !source_.has("output.weight");
    model.head.weight =
        TRY(source_.matrix(tied ? "token_embd.weight" : "output.weight", vocabulary, s.dim));
    model.head.site = source_.add_site({.tensor = "output.weight",
                                        .tensor_rows = vocabulary,
                                        .rows = vocabulary,
                                        .columns = s.dim});
    model.output_norm = TRY(norm(style_.output_norm, s.dim));
    return Done{};
}

Result<Decoder::Rotation> Decoder::add_rotation(bool sliding, float sliding_base) {
    Rope rope = TRY(read_rope(source_, {.head_dim = sizes_.head_dim,
                                        .gguf_pairs = style_.gguf_pairs,
                                        .sliding = sliding,
                                        .sliding_base = sliding_base}));
    model.ropes.push_back(std::make_shared<const Rope>(std::move(rope)));
    return Rotation(model.ropes.back(), model.ropes.size() - 1);
}

Result<Decoder::Rotation> Decoder::rotation() {
    return add_rotation(false, 0);
}

Result<Decoder::Rotation> Decoder::sliding_rotation(float usual_base) {
    return add_rotation(true, usual_base);
}

Result<Norm> Decoder::norm(std::string_view name, size_t size) const {
    Norm norm;
    // One norm of Falcon-H1's GGUF files is called "ffn_norm" alone.
    std::string full_name = cat(name, ".weight");
    bool bare = !source_.has(full_name) && source_.has(name);
    norm.weight = TRY(source_.vector(bare ? std::string(name) : full_name, size, true));
    if (source_.from_hugging_face() && style_.folder_norm_offset != 0)
        for (float& weight : norm.weight) weight += style_.folder_norm_offset;
    if (style_.layer_norm) norm.bias = TRY(source_.vector(cat(name, ".bias"), size, false));
    norm.subtract_mean = style_.layer_norm;
    norm.epsilon = sizes_.epsilon;
    return norm;
}

Result<uint32_t> Decoder::window(uint32_t layer, uint32_t full_every) const {
    auto window = TRY(source_.uint_or("attention.sliding_window", 0, 1u << 30, 0));
    if (!TRY(source_.bool_or("use_sliding_window", true))) return 0u;
    if (auto type = source_.setting("layer_types", layer); type && type->is_string())
        return *type->as_string() == "sliding_attention" ? window : 0;
    if (layer < TRY(source_.uint_or("max_window_layers", 0, 1 << 16, 0))) return 0u;
    // A GGUF file may have a flag for each layer; both kinds of file may have a period.
    if (auto pattern = source_.setting("attention.sliding_window_pattern", layer)) {
        if (auto flag = pattern->as_bool()) return *flag ? window : 0;
        if (auto period = pattern->as_uint(); period && *period <= 1024)
            full_every = static_cast<uint32_t>(*period);
    }
    return full_every != 0 && (layer + 1) % full_every == 0 ? 0 : window;
}

Result<Linear> Decoder::linear(std::string_view name, size_t rows, size_t columns,
                               Source::Within within) const {
    Linear linear = TRY(fixed_linear(name, rows, columns, within));
    const DecoderSizes& s = sizes_;
    bool turned = style_.gguf_pairs == RopePairs::Neighbours,
         query = name.ends_with(".attn_q") && rows == s.q_dim(),
         key = name.ends_with(".attn_k") && rows == s.kv_dim();
    linear.site = source_.add_site({.tensor = cat(name, ".weight"),
                                    .first = within.first,
                                    .tensor_rows = within.rows ? within.rows : rows,
                                    .rows = rows,
                                    .columns = columns,
                                    .turned_heads = turned && query ? s.heads
                                                    : turned && key ? s.kv_heads
                                                                    : 0});
    return linear;
}

Result<Linear> Decoder::fixed_linear(std::string_view name, size_t rows, size_t columns,
                                     Source::Within within) const {
    within.transposed = style_.folder_transposed && source_.from_hugging_face();
    Linear linear;
    linear.weight = TRY(source_.matrix(cat(name, ".weight"), rows, columns, within));
    size_t all = within.rows ? within.rows : rows;
    auto bias = TRY(source_.vector(cat(name, ".bias"), all, false));
    if (!bias.empty()) linear.bias.assign(&bias[within.first], &bias[within.first] + rows);
    return linear;
}

Result<Attention::Parts> Decoder::attention(uint32_t layer, Keys keys) const {
    const DecoderSizes& s = sizes_;
    auto name = [&](std::string_view part) { return cat("blk.", layer, ".", part); };
    Attention::Parts parts;
    size_t q = s.q_dim(), kv = s.kv_dim(), all = q + 2 * kv;
    if (source_.has(name("attn_qkv.weight"))) {
        parts.query = TRY(linear(name("attn_qkv"), q, s.dim, {.first = 0, .rows = all}));
        parts.key = TRY(linear(name("attn_qkv"), kv, s.dim, {.first = q, .rows = all}));
        parts.value = TRY(linear(name("attn_qkv"), kv, s.dim, {.first = q + kv, .rows = all}));
    } else {
        parts.query = TRY(linear(name("attn_q"), q, s.dim));
        if (keys == Keys::Own) parts.key = TRY(linear(name("attn_k"), kv, s.dim));
        if (keys == Keys::Own) parts.value = TRY(linear(name("attn_v"), kv, s.dim));
        // Files have these matrices all the same, and adapters may change what nobody reads.
        for (std::string_view unread : {"attn_k.weight", "attn_v.weight"})
            if (keys == Keys::Shared) source_.add_site({name(unread), 0, kv, kv, s.dim});
    }
    parts.output = TRY(linear(name("attn_output"), s.dim, q));
    if (style_.norm_before) parts.norm = TRY(norm(name("attn_norm"), s.dim));
    if (style_.norm_after) parts.post_norm = TRY(norm(name("post_attention_norm"), s.dim));
    if (style_.query_key_norm != QueryKeyNorm::None) {
        bool head = style_.query_key_norm == QueryKeyNorm::Head;
        parts.query_norm = TRY(norm(name("attn_q_norm"), head ? s.head_dim : q));
        if (keys == Keys::Own)
            parts.key_norm = TRY(norm(name("attn_k_norm"), head ? s.head_dim : kv));
    }
    parts.heads = s.heads;
    parts.kv_heads = s.kv_heads;
    parts.head_dim = s.head_dim;
    parts.scale = 1 / std::sqrt(static_cast<float>(s.head_dim));
    return parts;
}

Result<Mlp::Parts> Decoder::mlp(uint32_t layer, MlpNames names) const {
    const DecoderSizes& s = sizes_;
    const size_t hidden = names.hidden > 0 ? names.hidden : s.hidden;
    auto name = [&](std::string_view part) { return cat("blk.", layer, ".", part); };
    auto inner = [&](std::string_view part) { return cat(name(part), names.suffix); };
    Mlp::Parts parts;
    if (style_.gated && !source_.has(inner("ffn_gate") + ".weight")) {
        parts.gate = TRY(linear(inner("ffn_up"), hidden, s.dim, {.first = 0, .rows = 2 * hidden}));
        parts.up =
            TRY(linear(inner("ffn_up"), hidden, s.dim, {.first = hidden, .rows = 2 * hidden}));
    } else {
        if (style_.gated) parts.gate = TRY(linear(inner("ffn_gate"), hidden, s.dim));
        parts.up = TRY(linear(inner("ffn_up"), hidden, s.dim));
    }
    parts.down = TRY(linear(inner("ffn_down"), s.dim, hidden));
    if (style_.norm_before) parts.norm = TRY(norm(name("ffn_norm"), s.dim));
    if (style_.norm_after) parts.post_norm = TRY(norm(name("post_ffw_norm"), s.dim));
    parts.activation = activation_;
    return parts;
}

bool Decoder::has_attention(uint32_t layer) const {
    return source_.has(cat("blk.", layer, ".attn_q.weight")) ||
           source_.has(cat("blk.", layer, ".attn_qkv.weight"));
}

bool Decoder::has_experts(uint32_t layer) const {
    return source_.has(cat("blk.", layer, ".ffn_gate_inp.weight"));
}

Result<Experts::Parts> Decoder::experts(uint32_t layer) const {
    const DecoderSizes& s = sizes_;
    if (s.experts == 0)
        return Error{Code::BadInput,
                     cat("layer ", layer, " has a router, but the settings name no experts")};
    Experts::Parts parts;
    parts.norm = TRY(norm(cat("blk.", layer, ".ffn_norm"), s.dim));
    parts.router = TRY(linear(cat("blk.", layer, ".ffn_gate_inp"), s.experts, s.dim));
    for (uint32_t i = 0; i < s.experts; i++) parts.experts.push_back(TRY(expert(layer, i)));
    parts.used = s.experts_used;
    parts.activation = activation_;
    return parts;
}

Result<Experts::Expert> Decoder::expert(uint32_t layer, uint32_t index) const {
    const uint64_t dim = sizes_.dim, hidden = sizes_.expert_hidden, count = sizes_.experts;
    auto name = [&](std::string_view part) { return cat("blk.", layer, ".ffn_", part); };
    Experts::Expert expert;
    // Tensors of (experts, rows, columns) are experts * rows of a matrix.
    if (source_.has(name("down_exps.weight"))) {
        expert.down = TRY(
            linear(name("down_exps"), dim, hidden, {.first = index * dim, .rows = count * dim}));
        bool fused = source_.has(name("gate_up_exps.weight"));
        uint64_t step = fused ? 2 * hidden : hidden;
        expert.gate = TRY(linear(name(fused ? "gate_up_exps" : "gate_exps"), hidden, dim,
                                 {.first = index * step, .rows = count * step}));
        uint64_t first = index * step + (fused ? hidden : 0);
        expert.up = TRY(linear(name(fused ? "gate_up_exps" : "up_exps"), hidden, dim,
                               {.first = first, .rows = count * step}));
        return expert;
    }
    expert.gate = TRY(linear(name(cat("gate.", index)), hidden, dim));
    expert.up = TRY(linear(name(cat("up.", index)), hidden, dim));
    expert.down = TRY(linear(name(cat("down.", index)), dim, hidden));
    return expert;
}

void Decoder::add(Attention::Parts attention) {
    add(std::make_unique<Attention>(std::move(attention)));
}

void Decoder::add(Mlp::Parts mlp) {
    add(std::make_unique<Mlp>(std::move(mlp)));
}

void Decoder::add(Experts::Parts experts) {
    add(std::make_unique<Experts>(std::move(experts)));
}

Result<ModelParts> build_decoder(const Source& source, const DecoderStyle& style) {
    Decoder decoder = TRY(Decoder::read(source, style));
    auto rotation = TRY(decoder.rotation());
    for (uint32_t layer = 0; layer < decoder.sizes().layers; layer++) {
        auto attention = TRY(decoder.attention(layer));
        attention.turn_by(rotation);
        attention.window = TRY(decoder.window(layer, 0));
        decoder.add(std::move(attention));
        if (decoder.has_experts(layer))
            decoder.add(TRY(decoder.experts(layer)));
        else
            decoder.add(TRY(decoder.mlp(layer)));
    }
    return std::move(decoder.model);
}

}  // namespace linnet
