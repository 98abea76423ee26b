// What config.json says of quantized weights ("quantization_config"), as the package
// compressed-tensors writes it. Which matrices are quantized, and where their scales are, the
// tensors say themselves (compressed_matrix.h), so targets and ignored modules need no reading;
// here stands what tensors cannot say.
#pragma once

#include <optional>
#include <vector>

#include "base/json.h"

namespace linnet {

struct CompressedConfig {
    struct Weights {
        uint64_t bits = 8;
        bool is_float = false;
        // Rows and columns that share a scale; 0 where scales are of rows, groups or the tensor.
        uint64_t block_rows = 0, block_columns = 0;
    };
    std::vector<Weights> groups{};  // of modules

    // Of a whole config.json; nothing where its weights are plain. Unsupported for a method or
    // format that is not read here, BadInput where the settings are broken.
    static Result<std::optional<CompressedConfig>> read(const Json& config);
};

}  // namespace linnet
