// A text and a model that reads it, as commands that measure want them.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/scorer.h"
#include "eval/chunks.h"
#include "eval/perplexity.h"
#include "linnet/arithmetic.h"
#include "linnet/command.h"
#include "text/tokenizer.h"

namespace linnet {

// --file, --ctx and --chunks.
struct ScoredText {
    std::string file;
    int64_t context = 512, chunks = 0;

    void declare(Syntax& syntax);
    // Usage where no file is named; "-" is standard input.
    Result<std::string> read(Context& context) const;
    ChunkOptions options(const Tokenizer& tokenizer, std::span<const TokenId> tokens) const;
    // By the bytes of the chunks' tokens, of which about half were counted.
    double bits_a_byte(const Perplexity& found, const Tokenizer& tokenizer,
                       std::span<const TokenId> tokens) const;
    // A model that reads chunks of such texts. `name` is for messages.
    Result<std::unique_ptr<Scorer>> load(Context& context, const Checkpoint& checkpoint,
                                         std::string_view name, const Arithmetic& arithmetic,
                                         const std::vector<std::string>& lora = {}) const;
};

}  // namespace linnet
