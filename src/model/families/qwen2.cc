// Qwen2 and Qwen2.5: Llama with biases on queries, keys and values (Yang et al. 2024).
#include "model/families/decoder.h"
#include "model/families/family.h"

namespace linnet {

Result<ModelParts> build_qwen2(const Source& source) {
    return build_decoder(source, {});
}

}  // namespace linnet
