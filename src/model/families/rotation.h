// Rotary embeddings as a model's settings describe them: plain, linear, llama3, YaRN (Peng et al.
// 2023) and longrope (Ding et al. 2024), of a GGUF file or of a folder.
#pragma once

#include "model/rope.h"
#include "model/source.h"

namespace linnet {

struct RotationStyle {
    uint32_t head_dim = 0;
    // How GGUF files of this family order the rows; folders always have halves.
    RopePairs gguf_pairs = RopePairs::Halves;
    // The second rotation of models that have one for layers with a sliding window: never scaled in
    // GGUF files, and of this base where the file does not say.
    bool sliding = false;
    float sliding_base = 10000;
};

// BadInput where the settings do not fit together, Unsupported for a scaling of another kind.
Result<Rope> read_rope(const Source& source, const RotationStyle& style);

}  // namespace linnet
