// Qwen2 and Qwen2.5: Llama with biases on queries, keys and values (Yang et al. 2024).
#include "model/families/decoder.h"
#include "model/families/family.h"

namespace linnet {
namespace {

Result<ModelParts> build(const Source& source) {
    return build_decoder(source, {});
}

}  // namespace

const Family qwen2_family{"qwen2", build};

}  // namespace linnet
