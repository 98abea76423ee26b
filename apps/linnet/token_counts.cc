#include "linnet/token_counts.h"

#include "base/text.h"

namespace linnet {
namespace {

constexpr size_t piece_bytes = 1 << 20;

// The start of a text, to the end of a line where there is one.
std::string_view next_piece(std::string_view text) {
    if (text.size() <= piece_bytes) return text;
    size_t line = text.rfind('\n', piece_bytes);
    return text.substr(0, line == text.npos ? piece_bytes : line + 1);
}

uint64_t words_in(std::string_view text) {
    uint64_t words = 0;
    bool inside = false;
    for (char c : text) {
        bool space = c == ' ' || (c >= '\t' && c <= '\r');
        words += !space && !inside;
        inside = !space;
    }
    return words;
}

}  // namespace

Result<TokenCounts> count_tokens(Context& context, const Tokenizer& tokenizer,
                                 std::span<const std::string> files) {
    using Add = EncodeOptions::Add;
    TokenCounts counts;
    counts.by_token.resize(static_cast<size_t>(tokenizer.size()));
    context.progress.count_in("");
    for (const std::string& name : files) {
        MappedFile file = TRY(MappedFile::open(expand_home(name, context.paths.home)));
        std::string_view text(reinterpret_cast<const char*>(file.bytes().data()),
                              file.bytes().size());
        context.progress.begin(cat("counting tokens of ", printable(name)), text.size(), 0);
        for (size_t at = 0; at < text.size();) {
            TRY(context.cancel.check());
            std::string_view piece = next_piece(text.substr(at));
            auto ids = tokenizer.encode(piece, {.bos = Add::No, .eos = Add::No});
            for (TokenId id : ids) counts.by_token[static_cast<size_t>(id)]++;
            counts.tokens += ids.size();
            counts.words += words_in(piece);
            context.progress.at(at += piece.size());
        }
        context.progress.end();
    }
    return counts;
}

}  // namespace linnet
