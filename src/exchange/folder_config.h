// config.json and generation_config.json of a GGUF file.
#pragma once

#include "exchange/folder_style.h"
#include "model/source.h"

namespace linnet {

// REQUIRES: `source` is a GGUF file whose architecture has that style. `dtype`: "float16" and the
// like. Unsupported where config.json has no word for what the file asks for.
Result<Json> folder_config(const Source& source, const FolderStyle& style, std::string_view dtype);

}  // namespace linnet
