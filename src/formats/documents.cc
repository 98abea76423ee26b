// The side files of a Hugging Face folder.
#include "formats/checkpoint.h"

namespace linnet {
namespace {

struct Bounds {
    uint64_t bytes_max;
    size_t values_max;
};

// A tokenizer may hold a million merges; the others are a page or two.
Bounds bounds_of(std::string_view name) {
    if (name == "tokenizer.json" || name == "vocab.json") return {256'000'000, 20'000'000};
    return {8'000'000, 250'000};
}

}  // namespace

bool Checkpoint::has_document(std::string_view name) const {
    std::error_code ignored;
    return format() == Format::Safetensors &&
           std::filesystem::is_regular_file(folder() / name, ignored);
}

Result<std::string> Checkpoint::document_text(std::string_view name) const {
    check(name.find("..") == name.npos && !name.starts_with('/'),
          "a document lies beside the model's files or in a folder there");
    if (format() != Format::Safetensors)
        return Error{Code::NotFound, cat("a GGUF file has no ", name)};
    return read_file(folder() / name, bounds_of(name).bytes_max);
}

Result<Json> Checkpoint::document(std::string_view name) const {
    std::string text = TRY(document_text(name));
    auto json = Json::parse(text, {.depth_max = 64, .values_max = bounds_of(name).values_max});
    if (!json) return std::move(json).error().within(cat(folder() / name));
    return json;
}

}  // namespace linnet
