// A tokenizer in the words of GGUF: tokenizer.ggml.* and the chat template.
#pragma once

#include "base/result.h"
#include "formats/checkpoint.h"
#include "text/tokenizer_data.h"

namespace linnet {

// Writes the tokenizer of a Hugging Face folder. `rows`: tokens that the model has predictions for;
// ids that no token has are filled up to that number. NotFound where there is no tokenizer.json,
// Unsupported where GGUF has no word for how it cuts text.
Result<> write_gguf_tokenizer(const Checkpoint& folder, uint64_t rows, MetadataBuilder& metadata,
                              std::vector<std::string>& warnings);

// The same without the template.
Result<> write_gguf_vocabulary(TokenizerData data, uint64_t rows, MetadataBuilder& metadata,
                               std::vector<std::string>& warnings);

}  // namespace linnet
