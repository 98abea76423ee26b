#include "base/text.h"
#include "formats/checkpoint.h"
#include "text/tokenizer.h"
#include "text/tokenizer_gguf.h"
#include "text/tokenizer_json.h"

namespace linnet {
namespace {

// A document of the folder, or null where it has none.
Result<Json> optional_document(const Checkpoint& checkpoint, std::string_view name) {
    if (!checkpoint.has_document(name)) return Json();
    return checkpoint.document(name);
}

Result<TokenizerData> read(const Checkpoint& checkpoint) {
    if (checkpoint.format() == Format::Gguf) return read_gguf_tokenizer(checkpoint.metadata());
    if (!checkpoint.has_document("tokenizer.json"))
        return Error{Code::NotFound, "there is no tokenizer.json beside the model",
                     "fetch the model's tokenizer.json into the same folder"};
    Json tokenizer = TRY(checkpoint.document("tokenizer.json"));
    Json config = TRY(optional_document(checkpoint, "tokenizer_config.json"));
    Json generation = TRY(optional_document(checkpoint, "generation_config.json"));
    return read_json_tokenizer(tokenizer, config, generation);
}

}  // namespace

Result<Tokenizer> Tokenizer::from(const Checkpoint& checkpoint) {
    std::string where = printable(checkpoint.path().filename().string(), 200);
    auto data = read(checkpoint);
    if (!data) return std::move(data).error().within(where);
    auto tokenizer = make(*std::move(data));
    if (!tokenizer) return std::move(tokenizer).error().within(where);
    return tokenizer;
}

}  // namespace linnet
