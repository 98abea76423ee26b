// The tokenizer of a GGUF file as a Hugging Face folder has it.
#pragma once

#include "base/json.h"
#include "formats/metadata.h"
#include "text/tokenizer_data.h"

namespace linnet {

// tokenizer.json. Unsupported where it has no word for how the tokenizer works.
Result<Json> folder_tokenizer(TokenizerData data);
// tokenizer_config.json, with the chat template.
Json folder_tokenizer_config(const TokenizerData& data, const Metadata& metadata);
// generation_config.json: which tokens begin and end a text.
Json folder_generation_config(TokenizerData data);

}  // namespace linnet
