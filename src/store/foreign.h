// Models that other programs keep on this machine, read in place and never written: Ollama's
// store, the cache of the Hugging Face hub, LM Studio's folder, and plain folders of models.
// Whoever can write there may have made names, links and manifests that lie.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "base/result.h"
#include "trust/hash.h"

namespace linnet {

enum class ModelStore { Own, Ollama, HubCache, LmStudio, Folder };
std::string_view model_store_name(
    ModelStore store);  // "linnet", "ollama", "hf", "lmstudio", "folder"

struct ForeignRoot {
    ModelStore store;
    Path path;
};

struct ForeignModel {
    ModelStore store;
    std::string name;  // what to call it: "ollama:llama3.2:1b", "hf:owner/repository/x.gguf"
    Path path;         // to open
    uint64_t bytes = 0;
};

// Where these programs keep their models by their variables and defaults; only what exists.
std::vector<ForeignRoot> usual_foreign_roots(
    const std::map<std::string, std::string, std::less<>>& environment, const Path& home);

// Sorted by name. What cannot be read, lies or leads out of its root is left out.
std::vector<ForeignModel> foreign_models(const ForeignRoot& root);

// The layer of an Ollama manifest that is the model. Unsupported where it has other than one.
struct OllamaLayer {
    Digest digest;
    uint64_t bytes = 0;
};
Result<OllamaLayer> parse_ollama_manifest(std::string_view text);

}  // namespace linnet
