// The tokenizer of a Hugging Face folder: tokenizer.json, and what tokenizer_config.json and
// generation_config.json say about special tokens.
#pragma once

#include "base/json.h"
#include "base/result.h"
#include "text/tokenizer_data.h"

namespace linnet {

// `config` and `generation` are null where the folder has none.
Result<TokenizerData> read_json_tokenizer(const Json& tokenizer, const Json& config = {},
                                          const Json& generation = {});

// The parts that are pipelines of steps. They go to data.normalizers, data.splits and the fields
// that say how tokens are spelled. What is not known is Unsupported, by name; in a decoder, which
// only matters for the way back, it is a warning.
Result<Done> read_normalizer(const Json& json, TokenizerData& data);
Result<Done> read_pre_tokenizer(const Json& json, TokenizerData& data);
void read_decoder(const Json& json, TokenizerData& data);

}  // namespace linnet
