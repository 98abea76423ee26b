// The side files of a Hugging Face folder.
#include <algorithm>

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

// Python writes numbers that JSON does not have as words: Infinity, -Infinity, NaN. They become
// null.
std::string without_words(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    bool in_string = false;
    for (size_t i = 0; i < text.size();) {
        size_t taken = 1;
        if (in_string && text[i] == '\\') taken = std::min<size_t>(2, text.size() - i);
        if (text[i] == '"') in_string = !in_string;
        std::string_view rest = text.substr(i);
        for (std::string_view word : {"-Infinity", "Infinity", "NaN"}) {
            if (in_string || !rest.starts_with(word)) continue;
            out += "null";
            rest = {};
            i += word.size();
            taken = 0;
            break;
        }
        out += rest.substr(0, taken);
        i += taken;
    }
    return out;
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
    if (text.find("Infinity") != text.npos || text.find("NaN") != text.npos)
        text = without_words(text);
    auto json = Json::parse(text, {.depth_max = 64, .values_max = bounds_of(name).values_max});
    if (!json) return std::move(json).error().within(cat(folder() / name));
    return json;
}

}  // namespace linnet
