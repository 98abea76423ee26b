// Llama 1 to 3, Mistral, TinyLlama, SmolLM2: pre-normalized attention with grouped heads, and a
// gated SiLU feed-forward (Touvron et al. 2023).
#include "model/families/decoder.h"
#include "model/families/family.h"

namespace linnet {
namespace {

Result<ModelParts> build(const Source& source) {
    if (source.has("blk.0.ffn_gate_inp.weight"))
        return Error{Code::Unsupported,
                     "the model is a mixture of experts, which this build cannot run"};
    // Only GGUF files of this lineage have their rotary rows reordered, so that pairs lie together.
    return build_decoder(source, {.gguf_pairs = RopePairs::Neighbours});
}

}  // namespace

const Family llama_family{"llama", build};

}  // namespace linnet
