#include "store/manifest.h"

#include <algorithm>

#include "base/text.h"
#include "store/name.h"

namespace linnet {
namespace {

constexpr int64_t version = 1;
constexpr size_t text_bytes_max = 4096;

Error broken(std::string_view why) {
    return {Code::BadInput, cat("not a manifest: ", why)};
}

// A short text, empty where the member is missing.
Result<std::string> text_member(const Json& json, std::string_view name) {
    const Json* member = json.find(name);
    if (!member || member->is_null()) return std::string();
    const std::string* text = member->as_string();
    if (!text || text->size() > text_bytes_max)
        return broken(cat("'", name, "' is not a short text"));
    return *text;
}

}  // namespace

uint64_t Manifest::bytes() const {
    uint64_t sum = 0;
    for (const ModelFile& file : files) sum += file.bytes;
    return sum;
}

Result<std::vector<ModelFile>> parse_model_files(const Json& json) {
    const Json::Array* list = json.as_array();
    if (!list || list->empty() || list->size() > model_files_max)
        return broken(cat("'files' is not a list of 1 to ", model_files_max, " files"));
    std::vector<ModelFile> files;
    uint64_t sum = 0;
    for (const Json& item : *list) {
        ModelFile file;
        file.path = item.string_or("path", "");
        if (!is_model_file(file.path))
            return broken(cat("'", printable(file.path, 200), "' is not the name of a file"));
        const Json* bytes = item.find("bytes");
        auto count = bytes ? bytes->as_uint() : std::nullopt;
        auto total = count ? checked_add(sum, *count) : std::nullopt;
        if (!total || *total > uint64_t{1} << 60)
            return broken(cat("the size of '", file.path, "' is missing or absurd"));
        sum = *total;
        file.bytes = *count;
        file.sha256 = TRY(parse_sha256_hex(item.string_or("sha256", "")));
        files.push_back(std::move(file));
    }
    std::ranges::sort(files, {}, &ModelFile::path);
    for (size_t i = 1; i < files.size(); i++) {
        const std::string &before = files[i - 1].path, &path = files[i].path;
        if (before == path || path.starts_with(before + "/"))
            return broken(cat("'", before, "' occurs twice"));
    }
    return files;
}

Json model_files_json(const std::vector<ModelFile>& files) {
    Json list = Json::array();
    for (const ModelFile& file : files)
        list.push(Json::object(
            {{"path", file.path}, {"bytes", file.bytes}, {"sha256", file.sha256.hex()}}));
    return list;
}

Result<Manifest> parse_manifest(std::string_view text) {
    Json json = TRY(Json::parse(text, {.depth_max = 8, .values_max = 20'000}));
    const Json* mark = json.find("linnet_manifest");
    if (!mark || !mark->as_int()) return broken("'linnet_manifest' is missing");
    if (*mark->as_int() != version)
        return Error{Code::Unsupported, cat("a manifest of version ", *mark->as_int()),
                     "a newer linnet wrote it: update this one"};
    Manifest manifest;
    manifest.name = TRY(text_member(json, "name"));
    if (!is_model_name(manifest.name)) return broken("its name is none");
    manifest.requested = TRY(text_member(json, "requested"));
    manifest.source = TRY(text_member(json, "source"));
    manifest.pinned = json.bool_or("pinned", false);
    manifest.pulled_at_s = json.int_or("pulled_at", 0);
    manifest.licence = TRY(text_member(json, "licence"));
    manifest.architecture = TRY(text_member(json, "architecture"));
    manifest.parameters = TRY(text_member(json, "parameters"));
    const Json* files = json.find("files");
    manifest.files = TRY(parse_model_files(files ? *files : Json()));
    return manifest;
}

std::string manifest_text(const Manifest& manifest) {
    Json json = Json::object({{"linnet_manifest", version},
                              {"name", manifest.name},
                              {"requested", manifest.requested},
                              {"source", manifest.source},
                              {"pinned", manifest.pinned},
                              {"pulled_at", manifest.pulled_at_s},
                              {"licence", manifest.licence},
                              {"architecture", manifest.architecture},
                              {"parameters", manifest.parameters},
                              {"files", model_files_json(manifest.files)}});
    return json.pretty() + "\n";
}

}  // namespace linnet
