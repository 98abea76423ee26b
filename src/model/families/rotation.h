// Rotary embeddings as a model's settings describe them: plain, linear, llama3, YaRN (Peng et al.
// 2023) and longrope (Ding et al. 2024), of a GGUF file or of a folder.
#pragma once

#include <string_view>

#include "model/rope.h"
#include "model/source.h"

namespace linnet {

struct RotationStyle {
    uint32_t head_dim = 0;
    // How GGUF files of this family order the rows; folders always have halves.
    RopePairs gguf_pairs = RopePairs::Halves;
    // Which part, where a folder's rope_parameters have one for each kind of layer.
    std::string_view layers = "full_attention";
};

// BadInput where the settings do not fit together, Unsupported for a scaling of another kind.
Result<Rope> read_rope(const Source& source, const RotationStyle& style);

}  // namespace linnet
