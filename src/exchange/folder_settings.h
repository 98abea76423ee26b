// The settings of a Hugging Face folder in the words of GGUF.
#pragma once

#include <vector>

#include "exchange/folder_style.h"
#include "model/source.h"

namespace linnet {

// A small tensor that the folder has as settings: factors of the rotation's frequencies.
struct SettingTensor {
    std::string_view name;
    std::vector<float> values;
};

// REQUIRES: `source` is a folder whose architecture has that style. Unsupported where a GGUF file
// could not say what the folder asks for.
Result<std::vector<SettingTensor>> write_gguf_settings(const Source& source,
                                                       const FolderStyle& style,
                                                       MetadataBuilder& metadata);

}  // namespace linnet
