#include "base/text.h"
#include "formats/checkpoint.h"
#include "text/tokenizer.h"
#include "text/tokenizer_gguf.h"

namespace linnet {

Result<Tokenizer> Tokenizer::from(const Checkpoint& checkpoint) {
    std::string where = printable(checkpoint.path().filename().string(), 200);
    if (checkpoint.format() != Format::Gguf)
        return Error{Code::Unsupported, cat(where, ": tokenizer.json is not read by this build")};
    auto data = read_gguf_tokenizer(checkpoint.metadata());
    if (!data) return std::move(data).error().within(where);
    auto tokenizer = make(*std::move(data));
    if (!tokenizer) return std::move(tokenizer).error().within(where);
    return tokenizer;
}

}  // namespace linnet
