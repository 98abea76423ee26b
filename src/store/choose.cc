#include <algorithm>
#include <map>

#include "base/text.h"
#include "formats/locate.h"
#include "store/hub.h"
#include "store/name.h"

namespace linnet {
namespace {

// What belongs to a safetensors model beside its weights. Everything else in a repository (weights
// in other formats, pictures, scripts) stays where it is.
constexpr std::string_view documents[] = {"config.json",
                                          "generation_config.json",
                                          "tokenizer.json",
                                          "tokenizer_config.json",
                                          "special_tokens_map.json",
                                          "added_tokens.json",
                                          "tokenizer.model",
                                          "vocab.json",
                                          "merges.txt",
                                          "vocab.txt",
                                          "chat_template.jinja",
                                          "chat_template.json",
                                          "modules.json",
                                          "config_sentence_transformers.json",
                                          "sentence_bert_config.json",
                                          "1_Pooling/config.json",
                                          "LICENSE",
                                          "LICENSE.txt",
                                          "LICENSE.md"};

bool is_document(std::string_view path) {
    return std::ranges::find(documents, path) != std::end(documents);
}

bool is_gguf(std::string_view path) {
    std::string name = lower(path.substr(path.rfind('/') + 1));
    return name.ends_with(".gguf") && !name.starts_with("mmproj");
}

}  // namespace

Result<std::vector<std::string>> choose_model_files(std::span<const std::string> files,
                                                    std::string_view where) {
    std::vector<std::string> chosen;
    std::map<std::string, std::vector<std::string>> ggufs;  // parts of one model together
    bool weights = false, sharded = false;
    for (const std::string& file : files)
        sharded = sharded || file == "model.safetensors.index.json";
    for (const std::string& file : files) {
        if (!is_model_file(file)) continue;
        bool top = file.find('/') == file.npos;
        bool safetensors = top && file.ends_with(".safetensors");
        // Beside "model-00001-of-…" some repositories keep copies under other names.
        if (safetensors && (sharded ? file.starts_with("model-") : file == "model.safetensors")) {
            chosen.push_back(file);
            weights = true;
        } else if (is_document(file) || (top && file.ends_with(index_ending))) {
            chosen.push_back(file);
        } else if (is_gguf(file)) {
            auto part = parse_part_name(Path(file).filename().string(), ".gguf");
            std::string folder = file.substr(0, file.rfind('/') + 1);
            ggufs[part && !top ? cat(folder, part->stem)
                  : part       ? part->stem
                               : file]
                .push_back(file);
        }
    }
    if (weights) return chosen;
    if (ggufs.size() == 1) return ggufs.begin()->second;
    if (ggufs.empty())
        return Error{Code::Unsupported, cat(where, " holds no model in a format that is read here"),
                     "look for the same model as safetensors or GGUF"};
    std::string names;
    size_t shown = 0;
    for (const auto& [stem, parts] : ggufs)
        if (shown++ < 12) names += cat(names.empty() ? "" : ", ", printable(parts[0], 100));
    return Error{Code::Usage, cat(where, " holds ", ggufs.size(), " models: ", names),
                 cat("name one of them: ", where, "/FILE")};
}

}  // namespace linnet
