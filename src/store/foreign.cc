#include "store/foreign.h"

#include <algorithm>

#include "base/json.h"
#include "base/text.h"
#include "formats/locate.h"
#include "store/source.h"

namespace linnet {
namespace {

namespace fs = std::filesystem;

constexpr size_t entries_max = 20'000;  // looked at in one root
constexpr uint64_t manifest_bytes_max = 1'000'000;
constexpr uint64_t model_bytes_min = 32;  // less is no model but a remainder

// Walks a root without following links to folders, and counts what it sees.
class Walk {
  public:
    explicit Walk(const Path& root) : root_(root) {
        std::error_code error;
        real_root_ = fs::canonical(root, error);
        if (error) left_ = 0;
    }
    // The entries of a folder within the root, sorted; those that lead out of it are left out.
    std::vector<Path> entries(const Path& folder) {
        std::vector<Path> out;
        std::error_code error;
        for (fs::directory_iterator at(folder, error), end; !error && at != end && left_ > 0;
             at.increment(error), left_--)
            out.push_back(at->path());
        std::ranges::sort(out);
        return out;
    }
    std::vector<Path> folders(const Path& folder) {
        std::vector<Path> out;
        std::error_code error;
        for (Path& path : entries(folder))
            if (fs::is_directory(fs::symlink_status(path, error))) out.push_back(std::move(path));
        return out;
    }
    // A regular file whose real place is within the root, or nothing.
    std::optional<uint64_t> file_bytes(const Path& path) const {
        std::error_code error;
        Path real = fs::canonical(path, error);
        if (error || !fs::is_regular_file(real, error) || error) return std::nullopt;
        auto relative = real.lexically_relative(real_root_);
        if (relative.empty() || *relative.begin() == "..") return std::nullopt;
        auto bytes = size_of_file(real);
        return bytes && *bytes >= model_bytes_min ? std::optional(*bytes) : std::nullopt;
    }
    const Path& root() const { return root_; }

  private:
    Path root_, real_root_;
    size_t left_ = entries_max;
};

bool is_gguf(const Path& path) {
    std::string name = lower(path.filename().string());
    return name.ends_with(".gguf") && !name.starts_with("mmproj");
}

// The name of a file without ".gguf" and without "-00001-of-00003"; nothing for its later parts.
std::optional<std::string> gguf_stem(const Path& path) {
    auto part = parse_part_name(path.filename().string(), ".gguf");
    if (!part) return path.stem().string();
    return part->place == 1 ? std::optional(part->stem) : std::nullopt;
}

// All parts of a split model count.
uint64_t gguf_bytes(const Walk& walk, const Path& path, uint64_t first_bytes) {
    auto part = parse_part_name(path.filename().string(), ".gguf");
    if (!part) return first_bytes;
    uint64_t sum = first_bytes;
    for (part->place = 2; part->place <= std::min<uint64_t>(part->count, 1000); part->place++)
        sum += walk.file_bytes(path.parent_path() / part_file_name(*part, ".gguf")).value_or(0);
    return sum;
}

// A folder of safetensors with its config.json.
std::optional<uint64_t> folder_model_bytes(Walk& walk, const Path& folder) {
    bool config = false, weights = false;
    uint64_t sum = 0;
    for (const Path& path : walk.entries(folder)) {
        std::string name = path.filename().string();
        bool tensors = name == "model.safetensors" || name.ends_with(index_ending);
        if (!tensors && name != "config.json" && !name.ends_with(".safetensors")) continue;
        auto bytes = walk.file_bytes(path);
        if (!bytes) continue;
        config = config || name == "config.json";
        weights = weights || tensors;
        sum += *bytes;
    }
    return config && weights ? std::optional(sum) : std::nullopt;
}

void add_folder(Walk& walk, const Path& folder, ModelStore store, std::string_view prefix,
                const std::string& name, size_t depth, std::vector<ForeignModel>& out) {
    if (!name.empty())
        if (auto bytes = folder_model_bytes(walk, folder))
            out.push_back({store, cat(prefix, name), folder, *bytes});
    for (const Path& path : walk.entries(folder)) {
        std::error_code error;
        std::string below = cat(name, name.empty() ? "" : "/", path.filename().string());
        if (fs::is_directory(fs::symlink_status(path, error))) {
            if (depth > 0 && !path.filename().string().starts_with('.'))
                add_folder(walk, path, store, prefix, below, depth - 1, out);
            continue;
        }
        auto stem = is_gguf(path) ? gguf_stem(path) : std::nullopt;
        auto bytes = stem ? walk.file_bytes(path) : std::nullopt;
        if (!bytes) continue;
        std::string shown = cat(prefix, name, name.empty() ? "" : "/", *stem);
        out.push_back({store, std::move(shown), path, gguf_bytes(walk, path, *bytes)});
    }
}

// ---- Ollama: manifests/HOST/NAMESPACE/MODEL/TAG and blobs/sha256-HEX

bool is_ollama_part(std::string_view part) {
    return !part.empty() && part.size() <= 128 && part.front() != '.' && printable(part) == part &&
           part.find(':') == part.npos;
}

std::string ollama_name(const std::string& host, const std::string& space, const std::string& model,
                        const std::string& tag) {
    std::string name = model;
    bool usual = host == "registry.ollama.ai";
    if (!usual || space != "library") name = cat(space, "/", model);
    if (!usual) name = cat(host, "/", name);
    return cat("ollama:", name, ":", tag);
}

void add_ollama(Walk& walk, std::vector<ForeignModel>& out) {
    for (const Path& host : walk.folders(walk.root() / "manifests"))
        for (const Path& space : walk.folders(host))
            for (const Path& model : walk.folders(space))
                for (const Path& tag : walk.entries(model)) {
                    std::string parts[] = {host.filename().string(), space.filename().string(),
                                           model.filename().string(), tag.filename().string()};
                    if (!std::ranges::all_of(parts, is_ollama_part)) continue;
                    if (!walk.file_bytes(tag)) continue;
                    auto text = read_file(tag, manifest_bytes_max);
                    auto layer = text ? parse_ollama_manifest(*text)
                                      : Result<OllamaLayer>(std::move(text).error());
                    if (!layer) continue;
                    Path blob = walk.root() / "blobs" / ("sha256-" + layer->digest.hex());
                    auto bytes = walk.file_bytes(blob);
                    if (!bytes || *bytes != layer->bytes) continue;
                    out.push_back({ModelStore::Ollama,
                                   ollama_name(parts[0], parts[1], parts[2], parts[3]), blob,
                                   *bytes});
                }
}

// ---- Hugging Face hub: models--OWNER--NAME/{refs/REVISION, snapshots/COMMIT/…, blobs/…}

// "models--owner--name" as "owner/name"; old models have no owner.
std::optional<std::string> hub_repository(std::string_view folder) {
    constexpr std::string_view prefix = "models--";
    if (!folder.starts_with(prefix)) return std::nullopt;
    std::string name(folder.substr(prefix.size()));
    if (size_t joint = name.find("--"); joint != name.npos) name.replace(joint, 2, "/");
    if (name.empty() || printable(name) != name) return std::nullopt;
    return name;
}

bool is_plain_name(std::string_view text) {
    return !text.empty() && text.size() <= 200 && text.front() != '.' &&
           text.find('/') == text.npos && printable(text) == text;
}

void add_hub(Walk& walk, std::vector<ForeignModel>& out) {
    for (const Path& folder : walk.folders(walk.root())) {
        auto repository = hub_repository(folder.filename().string());
        if (!repository) continue;
        std::vector<std::string> done;  // snapshots that a revision named
        for (const Path& ref : walk.entries(folder / "refs")) {
            std::string revision = ref.filename().string();
            auto commit = read_file(ref, 200);
            if (!commit || !is_plain_name(revision) || !is_plain_name(trim(*commit))) continue;
            std::string snapshot(trim(*commit));
            std::string name =
                cat("hf:", *repository, revision == "main" ? "" : cat("@", revision));
            size_t before = out.size();
            add_folder(walk, folder / "snapshots" / snapshot, ModelStore::HubCache, name, "", 3,
                       out);
            if (auto bytes = folder_model_bytes(walk, folder / "snapshots" / snapshot))
                out.push_back(
                    {ModelStore::HubCache, name, folder / "snapshots" / snapshot, *bytes});
            // A file's reference has its whole name, as it would be pulled.
            for (size_t i = before; i < out.size(); i++)
                if (is_gguf(out[i].path))
                    out[i].name = cat(
                        name, "/",
                        out[i].path.lexically_relative(folder / "snapshots" / snapshot).string());
            done.push_back(snapshot);
        }
    }
}

}  // namespace

std::string_view model_store_name(ModelStore store) {
    constexpr std::string_view names[] = {"linnet", "ollama", "hf", "lmstudio", "folder"};
    return names[static_cast<size_t>(store)];
}

Result<OllamaLayer> parse_ollama_manifest(std::string_view text) {
    Json json = TRY(Json::parse(text, {.depth_max = 16, .values_max = 10'000}));
    const Json* layers = json.find("layers");
    const Json::Array* list = layers ? layers->as_array() : nullptr;
    if (!list) return Error{Code::BadInput, "an Ollama manifest without layers"};
    std::optional<OllamaLayer> found;
    for (const Json& layer : *list) {
        std::string type = layer.string_or("mediaType", "");
        if (type == "application/vnd.ollama.image.adapter" ||
            type == "application/vnd.ollama.image.tensor")
            return Error{Code::Unsupported, "an Ollama model made of several parts"};
        if (type != "application/vnd.ollama.image.model") continue;
        if (found) return Error{Code::Unsupported, "an Ollama model in several files"};
        std::string digest = layer.string_or("digest", "");
        if (digest.starts_with("sha256-")) digest[6] = ':';
        const Json* size = layer.find("size");
        if (!size || !size->as_uint()) return Error{Code::BadInput, "a layer without its size"};
        found = OllamaLayer{TRY(parse_digest(digest)), *size->as_uint()};
    }
    if (!found) return Error{Code::BadInput, "an Ollama manifest without a model"};
    return *found;
}

std::vector<ForeignModel> foreign_models(const ForeignRoot& root) {
    std::vector<ForeignModel> out;
    Walk walk(root.path);
    switch (root.store) {
        case ModelStore::Own:
            break;
        case ModelStore::Ollama:
            add_ollama(walk, out);
            break;
        case ModelStore::HubCache:
            add_hub(walk, out);
            break;
        case ModelStore::LmStudio:
            add_folder(walk, root.path, root.store, "lmstudio:", "", 3, out);
            break;
        case ModelStore::Folder:
            add_folder(walk, root.path, root.store, "", "", 3, out);
            break;
    }
    std::erase_if(out,
                  [](const ForeignModel& model) { return printable(model.name) != model.name; });
    std::ranges::sort(out, {}, &ForeignModel::name);
    return out;
}

std::vector<ForeignRoot> usual_foreign_roots(
    const std::map<std::string, std::string, std::less<>>& environment, const Path& home) {
    auto value = [&](std::string_view name) {
        auto found = environment.find(name);
        return found == environment.end() ? std::string() : found->second;
    };
    std::vector<ForeignRoot> candidates;
    if (std::string set = value("OLLAMA_MODELS"); !set.empty())
        candidates.push_back({ModelStore::Ollama, set});
    else if (!home.empty())
        candidates.push_back({ModelStore::Ollama, home / ".ollama" / "models"});
    candidates.push_back({ModelStore::Ollama, "/usr/share/ollama/.ollama/models"});
    Path hub;
    if (std::string set = value("HF_HUB_CACHE"); !set.empty())
        hub = set;
    else if (std::string old = value("HUGGINGFACE_HUB_CACHE"); !old.empty())
        hub = old;
    else if (std::string hf = value("HF_HOME"); !hf.empty())
        hub = Path(hf) / "hub";
    else if (std::string cache = value("XDG_CACHE_HOME"); !cache.empty())
        hub = Path(cache) / "huggingface" / "hub";
    else if (!home.empty())
        hub = home / ".cache" / "huggingface" / "hub";
    candidates.push_back({ModelStore::HubCache, hub});
    if (!home.empty()) {
        candidates.push_back({ModelStore::LmStudio, home / ".lmstudio" / "models"});
        candidates.push_back({ModelStore::LmStudio, home / ".cache" / "lm-studio" / "models"});
    }
    std::erase_if(candidates, [](const ForeignRoot& root) {
        std::error_code ignored;
        return root.path.empty() || !fs::is_directory(root.path, ignored);
    });
    return candidates;
}

}  // namespace linnet
