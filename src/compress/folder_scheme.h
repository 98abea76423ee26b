// How the matrices of a Hugging Face folder are quantized: the schemes of compressed-tensors, by
// the names that people know them by. One row of the table each.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"

namespace linnet {

struct FolderScheme {
    enum class Levels { Int, E4M3, E2M1 };
    enum class Shared { ByTensor, ByRow, ByGroup, ByBlock };  // a scale
    enum class Scales { Float, PowerOfTwo, E4M3 };            // E4M3: of one of the tensor
    // What the matrices are multiplied with, where the folder is run.
    enum class Input { Float, Int8Token, Int8Tensor, Fp8Token, Fp8Tensor, Fp8Group, Mxfp4, Nvfp4 };

    std::string_view name;
    std::string_view format;  // of the layout, as config.json says it
    Levels levels = Levels::Int;
    unsigned bits = 8;
    bool symmetric = true;
    Shared shared = Shared::ByRow;
    unsigned group = 0;  // columns, of ByGroup; rows and columns of ByBlock
    Scales scales = Scales::Float;
    Input input = Input::Float;

    bool packs_words() const { return format == "pack-quantized"; }
    bool is_static() const {  // ranges of activations are the folder's
        return input == Input::Int8Tensor || input == Input::Fp8Tensor || input == Input::Nvfp4;
    }
    bool has_fixed_group() const { return levels == Levels::E2M1; }
    // "int4 by groups of 64".
    std::string text() const;
};

std::span<const FolderScheme> folder_schemes();
// Null for a name that is none; case does not matter.
const FolderScheme* folder_scheme(std::string_view name);

// Changes asked for besides a scheme's name; Usage where the scheme has no such choice.
struct SchemeChanges {
    std::string_view shared{};  // "tensor", "channel" or "group"; empty: as the scheme has it
    unsigned group = 0;         // 0: as the scheme has it
    std::optional<bool> symmetric{};
};
Result<FolderScheme> change_scheme(FolderScheme scheme, const SchemeChanges& changes);

// "quantization_config" of config.json.
Json quantization_config(const FolderScheme& scheme, bool head);

}  // namespace linnet
