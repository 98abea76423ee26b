// The tokenizer of a GGUF file.
#pragma once

#include "base/result.h"
#include "text/tokenizer_data.h"

namespace linnet {

class Metadata;

Result<TokenizerData> read_gguf_tokenizer(const Metadata& metadata);

}  // namespace linnet
