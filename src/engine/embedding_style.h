// How a model's makers turn the states of a text's tokens into one vector, as far as its files say:
// GGUF's pooling_type, or the modules of a sentence-transformers folder.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "formats/checkpoint.h"
#include "model/model.h"

namespace linnet {

// The mean over all tokens, the first one's state, or the last one's.
enum class Pooling { Mean, Cls, Last };
std::string_view pooling_name(Pooling pooling);  // "mean", "cls", "last"
std::optional<Pooling> parse_pooling(std::string_view name);

struct EmbeddingStyle {
    Pooling pooling = Pooling::Mean;
    uint32_t tokens_max = 0;  // of a text, where the makers cut longer ones; 0 where they do not
    // What the makers put in front of a question and of what may answer it; nothing where the
    // files do not say.
    std::optional<std::string> query_prefix, document_prefix;

    // Unsupported where the makers add steps that are not known here.
    static Result<EmbeddingStyle> read(const Checkpoint& checkpoint, const Model& model);
};

}  // namespace linnet
