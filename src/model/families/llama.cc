// Llama 1 to 3, Mistral, TinyLlama, SmolLM2: pre-normalized attention with grouped heads, and a
// gated SiLU feed-forward (Touvron et al. 2023). Mixtral has experts instead (Jiang et al. 2024).
#include "model/families/decoder.h"
#include "model/families/family.h"

namespace linnet {
namespace {

constexpr NamePair names[] = {
    {"expert_count", "num_local_experts"},
    {"expert_used_count", "num_experts_per_tok"},
    {"blk.#.ffn_gate_inp.weight", "model.layers.#.block_sparse_moe.gate.weight"},
    {"blk.#.ffn_gate.#.weight", "model.layers.#.block_sparse_moe.experts.#.w1.weight"},
    {"blk.#.ffn_up.#.weight", "model.layers.#.block_sparse_moe.experts.#.w3.weight"},
    {"blk.#.ffn_down.#.weight", "model.layers.#.block_sparse_moe.experts.#.w2.weight"},
};

Result<ModelParts> build(const Source& source) {
    // Only GGUF files of this lineage have their rotary rows reordered, so that pairs lie together.
    return build_decoder(source, {.gguf_pairs = RopePairs::Neighbours});
}

}  // namespace

const Family llama_family{"llama", build, names};

}  // namespace linnet
