// Phi-3, Phi-3.5 and Phi-4-mini: Llama with one projection for queries, keys and values, one for
// gate and up, part of each head turned, and longrope (Abdin et al. 2024).
#include "model/families/decoder.h"
#include "model/families/family.h"

namespace linnet {
namespace {

constexpr NamePair names[] = {
    {"blk.#.attn_qkv.weight", "model.layers.#.self_attn.qkv_proj.weight"},
    {"blk.#.ffn_up.weight", "model.layers.#.mlp.gate_up_proj.weight"},
};

Result<ModelParts> build(const Source& source) {
    return build_decoder(source, {});
}

}  // namespace

const Family phi3_family{"phi3", build, names};

}  // namespace linnet
