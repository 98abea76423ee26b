// Qwen3: Llama with each head's query and key normed before they are turned (Yang et al. 2025).
#include "model/families/decoder.h"
#include "model/families/family.h"

namespace linnet {
namespace {

Result<ModelParts> build(const Source& source) {
    return build_decoder(source, {.query_key_norm = QueryKeyNorm::Head});
}

}  // namespace

const Family qwen3_family{"qwen3", build};

}  // namespace linnet
