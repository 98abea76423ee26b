// LFM2: gated short convolutions, with a few layers of attention between them (Liquid AI 2025).
#include "model/blocks/short_conv.h"
#include "model/families/decoder.h"
#include "model/families/family.h"
#include "model/families/state_space_parts.h"

namespace linnet {
namespace {

constexpr NamePair names[] = {
    {"attention.layer_norm_rms_epsilon", "norm_eps"},
    {"shortconv.l_cache", "conv_L_cache"},
    {"token_embd_norm.weight", "model.embedding_norm.weight"},
    {"blk.#.attn_norm.weight", "model.layers.#.operator_norm.weight"},
    {"blk.#.ffn_norm.weight", "model.layers.#.ffn_norm.weight"},
    {"blk.#.attn_q_norm.weight", "model.layers.#.self_attn.q_layernorm.weight"},
    {"blk.#.attn_k_norm.weight", "model.layers.#.self_attn.k_layernorm.weight"},
    {"blk.#.attn_output.weight", "model.layers.#.self_attn.out_proj.weight"},
    {"blk.#.ffn_gate.weight", "model.layers.#.feed_forward.w1.weight"},
    {"blk.#.ffn_up.weight", "model.layers.#.feed_forward.w3.weight"},
    {"blk.#.ffn_down.weight", "model.layers.#.feed_forward.w2.weight"},
    {"blk.#.shortconv.conv.weight", "model.layers.#.conv.conv.weight"},
    {"blk.#.shortconv.conv.bias", "model.layers.#.conv.conv.bias"},
    {"blk.#.shortconv.in_proj.weight", "model.layers.#.conv.in_proj.weight"},
    {"blk.#.shortconv.in_proj.bias", "model.layers.#.conv.in_proj.bias"},
    {"blk.#.shortconv.out_proj.weight", "model.layers.#.conv.out_proj.weight"},
    {"blk.#.shortconv.out_proj.bias", "model.layers.#.conv.out_proj.bias"},
};

Result<ShortConv::Parts> read_short_conv(const Decoder& decoder, uint32_t layer, size_t kernel) {
    const size_t dim = decoder.sizes().dim;
    auto name = [&](std::string_view part) { return cat("blk.", layer, ".", part); };
    ShortConv::Parts parts;
    parts.norm = TRY(decoder.norm(name("attn_norm"), dim));
    parts.input = TRY(decoder.linear(name("shortconv.in_proj"), 3 * dim, dim));
    parts.conv = TRY(read_conv(decoder.source(), name("shortconv.conv"), dim, kernel));
    parts.output = TRY(decoder.linear(name("shortconv.out_proj"), dim, dim));
    return parts;
}

Result<ModelParts> build(const Source& source) {
    // A folder's hidden size is computed from several settings; the tensors say what came out.
    Decoder decoder = TRY(Decoder::read(source, {.query_key_norm = QueryKeyNorm::Head,
                                                 .hidden_by_tensor = true,
                                                 .output_norm = "token_embd_norm"}));
    size_t kernel = TRY(source.uint_or("shortconv.l_cache", 2, 64, 3));
    auto rotation = TRY(decoder.rotation());
    for (uint32_t layer = 0; layer < decoder.sizes().layers; layer++) {
        if (decoder.has_attention(layer)) {
            auto attention = TRY(decoder.attention(layer));
            attention.turn_by(rotation);
            decoder.add(std::move(attention));
        } else {
            auto conv = TRY(read_short_conv(decoder, layer, kernel));
            decoder.add(std::make_unique<ShortConv>(std::move(conv)));
        }
        decoder.add(TRY(decoder.mlp(layer)));
    }
    return std::move(decoder.model);
}

}  // namespace

const Family lfm2_family{"lfm2", build, names};

}  // namespace linnet
