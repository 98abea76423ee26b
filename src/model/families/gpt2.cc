// GPT-2: a learned vector for each position, norms of mean and variance, and a feed-forward without
// gate (Radford et al. 2019).
#include "model/families/decoder.h"
#include "model/families/family.h"

namespace linnet {
namespace {

constexpr NamePair names[] = {
    {"block_count", "n_layer"},
    {"embedding_length", "n_embd"},
    {"feed_forward_length", "n_inner"},
    {"attention.head_count", "n_head"},
    {"attention.layer_norm_epsilon", "layer_norm_epsilon"},
    {"context_length", "n_positions"},
    {"activation", "activation_function"},
    {"token_embd.weight", "transformer.wte.weight"},
    {"position_embd.weight", "transformer.wpe.weight"},
    {"output_norm.weight", "transformer.ln_f.weight"},
    {"output_norm.bias", "transformer.ln_f.bias"},
    {"blk.#.attn_norm.weight", "transformer.h.#.ln_1.weight"},
    {"blk.#.attn_norm.bias", "transformer.h.#.ln_1.bias"},
    {"blk.#.attn_qkv.weight", "transformer.h.#.attn.c_attn.weight"},
    {"blk.#.attn_qkv.bias", "transformer.h.#.attn.c_attn.bias"},
    {"blk.#.attn_output.weight", "transformer.h.#.attn.c_proj.weight"},
    {"blk.#.attn_output.bias", "transformer.h.#.attn.c_proj.bias"},
    {"blk.#.ffn_norm.weight", "transformer.h.#.ln_2.weight"},
    {"blk.#.ffn_norm.bias", "transformer.h.#.ln_2.bias"},
    {"blk.#.ffn_up.weight", "transformer.h.#.mlp.c_fc.weight"},
    {"blk.#.ffn_up.bias", "transformer.h.#.mlp.c_fc.bias"},
    {"blk.#.ffn_down.weight", "transformer.h.#.mlp.c_proj.weight"},
    {"blk.#.ffn_down.bias", "transformer.h.#.mlp.c_proj.bias"},
};

Result<ModelParts> build(const Source& source) {
    Decoder decoder = TRY(Decoder::read(source, {.layer_norm = true,
                                                 .activation = Activation::Gelu,
                                                 .gated = false,
                                                 .folder_transposed = true,
                                                 .usual_hidden = 4}));
    const DecoderSizes& s = decoder.sizes();
    const Tensor& positions = *TRY(source.need("position_embd.weight", s.context, s.dim));
    decoder.model.positions = Matrix(positions, s.dim);
    for (uint32_t layer = 0; layer < s.layers; layer++) {
        decoder.add(TRY(decoder.attention(layer)));
        decoder.add(TRY(decoder.mlp(layer)));
    }
    return std::move(decoder.model);
}

}  // namespace

const Family gpt2_family{"gpt2", build, names};

}  // namespace linnet
