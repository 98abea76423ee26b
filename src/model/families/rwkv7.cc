// RWKV-7 "Goose": time mixing and channel mixing, without attention (Peng et al. 2025).
#include "model/blocks/channel_mix.h"
#include "model/blocks/stream_norm.h"
#include "model/blocks/time_mix.h"
#include "model/families/decoder.h"
#include "model/families/family.h"

namespace linnet {
namespace {

constexpr NamePair names[] = {
    {"attention.layer_norm_epsilon", "norm_eps"},
    {"wkv.head_size", "head_dim"},
    {"token_embd.weight", "model.embeddings.weight"},
    {"token_embd_norm.weight", "model.layers.0.pre_norm.weight"},
    {"token_embd_norm.bias", "model.layers.0.pre_norm.bias"},
    {"output_norm.weight", "model.norm.weight"},
    {"output_norm.bias", "model.norm.bias"},
    {"blk.#.attn_norm.weight", "model.layers.#.attn_norm.weight"},
    {"blk.#.attn_norm.bias", "model.layers.#.attn_norm.bias"},
    {"blk.#.attn_norm_2.weight", "model.layers.#.ffn_norm.weight"},
    {"blk.#.attn_norm_2.bias", "model.layers.#.ffn_norm.bias"},
    {"blk.#.time_mix_lerp.r", "model.layers.#.attn.x_r"},
    {"blk.#.time_mix_lerp.w", "model.layers.#.attn.x_w"},
    {"blk.#.time_mix_lerp.k", "model.layers.#.attn.x_k"},
    {"blk.#.time_mix_lerp.v", "model.layers.#.attn.x_v"},
    {"blk.#.time_mix_lerp.a", "model.layers.#.attn.x_a"},
    {"blk.#.time_mix_lerp.g", "model.layers.#.attn.x_g"},
    {"blk.#.time_mix_w0.weight", "model.layers.#.attn.w_lora.lora.2.bias"},
    {"blk.#.time_mix_w1.weight", "model.layers.#.attn.w_lora.lora.0.weight"},
    {"blk.#.time_mix_w2.weight", "model.layers.#.attn.w_lora.lora.2.weight"},
    {"blk.#.time_mix_a0.weight", "model.layers.#.attn.a_lora.lora.2.bias"},
    {"blk.#.time_mix_a1.weight", "model.layers.#.attn.a_lora.lora.0.weight"},
    {"blk.#.time_mix_a2.weight", "model.layers.#.attn.a_lora.lora.2.weight"},
    {"blk.#.time_mix_v0.weight", "model.layers.#.attn.v_lora.lora.2.bias"},
    {"blk.#.time_mix_v1.weight", "model.layers.#.attn.v_lora.lora.0.weight"},
    {"blk.#.time_mix_v2.weight", "model.layers.#.attn.v_lora.lora.2.weight"},
    {"blk.#.time_mix_g1.weight", "model.layers.#.attn.g_lora.lora.0.weight"},
    {"blk.#.time_mix_g2.weight", "model.layers.#.attn.g_lora.lora.2.weight"},
    {"blk.#.time_mix_k_k.weight", "model.layers.#.attn.k_k"},
    {"blk.#.time_mix_k_a.weight", "model.layers.#.attn.k_a"},
    {"blk.#.time_mix_r_k.weight", "model.layers.#.attn.r_k"},
    {"blk.#.time_mix_receptance.weight", "model.layers.#.attn.r_proj.weight"},
    {"blk.#.time_mix_key.weight", "model.layers.#.attn.k_proj.weight"},
    {"blk.#.time_mix_value.weight", "model.layers.#.attn.v_proj.weight"},
    {"blk.#.time_mix_output.weight", "model.layers.#.attn.o_proj.weight"},
    {"blk.#.time_mix_ln.weight", "model.layers.#.attn.g_norm.weight"},
    {"blk.#.time_mix_ln.bias", "model.layers.#.attn.g_norm.bias"},
    {"blk.#.channel_mix_lerp_k.weight", "model.layers.#.ffn.x_k"},
    {"blk.#.channel_mix_key.weight", "model.layers.#.ffn.key.weight"},
    {"blk.#.channel_mix_value.weight", "model.layers.#.ffn.value.weight"},
};

constexpr Usual usual[] = {
    {"context_length", 1 << 20}, {"wkv.head_size", 64}, {"attention.layer_norm_epsilon", 1e-5}};

// The blends of time mixing: one tensor, or one for each of the six.
Result<std::vector<float>> read_blends(const Source& source, uint32_t layer, size_t dim) {
    std::string name = cat("blk.", layer, ".time_mix_lerp");
    if (source.has(name + "_fused.weight"))
        return source.values(name + "_fused.weight", TimeMix::blends * dim);
    std::vector<float> all;
    for (const char* part : {".r", ".w", ".k", ".v", ".a", ".g"}) {
        auto one = TRY(source.values(name + part, dim));
        all.insert(all.end(), one.begin(), one.end());
    }
    return all;
}

// time_mix_X1 and time_mix_X2, with X0 for the bias.
Result<LowRank> read_low_rank(const Decoder& decoder, uint32_t layer, char part) {
    const Source& source = decoder.source();
    const size_t dim = decoder.sizes().dim;
    auto name = [&](char index) { return cat("blk.", layer, ".time_mix_", part, index); };
    size_t rank = TRY(source.need(cat(name('1'), ".weight")))->values / dim;
    if (rank < 1 || rank > 1 << 16)
        return Error{Code::BadInput, cat("the tensor ", name('1'), " has ", rank, " rows")};
    LowRank out;
    out.first = TRY(decoder.linear(name('1'), rank, dim));
    out.second = TRY(decoder.linear(name('2'), dim, rank));
    if (part != 'g') out.second.bias = TRY(source.values(cat(name('0'), ".weight"), dim));
    return out;
}

Result<TimeMix::Parts> read_time_mix(const Decoder& decoder, uint32_t layer, size_t head_dim) {
    const Source& source = decoder.source();
    const size_t dim = decoder.sizes().dim;
    auto name = [&](std::string_view part) { return cat("blk.", layer, ".", part); };
    TimeMix::Parts parts;
    parts.head_dim = head_dim;
    parts.norm = TRY(decoder.norm(name("attn_norm"), dim));
    parts.blend = TRY(read_blends(source, layer, dim));
    parts.receptance = TRY(decoder.linear(name("time_mix_receptance"), dim, dim));
    parts.key = TRY(decoder.linear(name("time_mix_key"), dim, dim));
    parts.value = TRY(decoder.linear(name("time_mix_value"), dim, dim));
    parts.output = TRY(decoder.linear(name("time_mix_output"), dim, dim));
    parts.decay = TRY(read_low_rank(decoder, layer, 'w'));
    parts.rate = TRY(read_low_rank(decoder, layer, 'a'));
    parts.gate = TRY(read_low_rank(decoder, layer, 'g'));
    // A GGUF file has some for the first layer too, where they mean nothing.
    if (layer > 0) parts.value_blend = TRY(read_low_rank(decoder, layer, 'v'));
    parts.key_removed = TRY(source.values(name("time_mix_k_k.weight"), dim));
    parts.key_added = TRY(source.values(name("time_mix_k_a.weight"), dim));
    parts.bonus = TRY(source.values(name("time_mix_r_k.weight"), dim));
    parts.head_norm.weight = TRY(source.values(name("time_mix_ln.weight"), dim));
    parts.head_norm.bias = TRY(source.values(name("time_mix_ln.bias"), dim));
    parts.head_norm.epsilon = 64e-5f;
    return parts;
}

Result<ChannelMix::Parts> read_channel_mix(const Decoder& decoder, uint32_t layer, size_t hidden) {
    const size_t dim = decoder.sizes().dim;
    auto name = [&](std::string_view part) { return cat("blk.", layer, ".", part); };
    ChannelMix::Parts parts;
    parts.norm = TRY(decoder.norm(name("attn_norm_2"), dim));
    parts.blend = TRY(decoder.source().values(name("channel_mix_lerp_k.weight"), dim));
    parts.key = TRY(decoder.linear(name("channel_mix_key"), hidden, dim));
    parts.value = TRY(decoder.linear(name("channel_mix_value"), dim, hidden));
    return parts;
}

Result<ModelParts> build(const Source& source) {
    Decoder decoder = TRY(Decoder::read(source, {.layer_norm = true, .attention = false}));
    const size_t dim = decoder.sizes().dim;
    size_t head_dim = TRY(source.need_uint("wkv.head_size", 1, 256));
    if (dim % head_dim != 0)
        return Error{Code::BadInput,
                     cat("the model's width ", dim, " is no multiple of its heads' ", head_dim)};
    size_t hidden =
        TRY(source.uint_or("feed_forward_length", 1, 1 << 20, static_cast<uint32_t>(4 * dim)));
    decoder.model.carried_per_token = dim;  // the first layer's values
    Norm first = TRY(decoder.norm("token_embd_norm", dim));
    decoder.add(std::make_unique<StreamNorm>(std::move(first)));
    for (uint32_t layer = 0; layer < decoder.sizes().layers; layer++) {
        auto time_mix = TRY(read_time_mix(decoder, layer, head_dim));
        decoder.add(std::make_unique<TimeMix>(std::move(time_mix)));
        auto channel_mix = TRY(read_channel_mix(decoder, layer, hidden));
        decoder.add(std::make_unique<ChannelMix>(std::move(channel_mix)));
    }
    return std::move(decoder.model);
}

}  // namespace

const Family rwkv7_family{"rwkv7", build, names, usual};

}  // namespace linnet
