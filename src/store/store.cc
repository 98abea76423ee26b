#include "store/store.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <set>

#include "base/text.h"
#include "formats/locate.h"
#include "store/name.h"
#include "store/source.h"

namespace linnet {
namespace {

constexpr uint64_t manifest_bytes_max = 4'000'000;
constexpr uint64_t catalog_bytes_max = 16'000'000;
constexpr size_t aliases_max = 1000;
constexpr std::chrono::seconds lock_wait(60);

bool is_path(std::string_view text) {
    return text.starts_with('/') || text.starts_with("./") || text.starts_with("../") ||
           text == "." || text == "..";
}

Result<std::string> text_of_alias(const Json& value) {
    const std::string* target = value.as_string();
    if (!target) return Error{Code::BadInput, "an alias that is no text"};
    return *target;
}

}  // namespace

Store::Store(StorePaths paths, Catalog catalog)
    : paths_(std::move(paths)), layout_(paths_.data), catalog_(std::move(catalog)) {}

Result<Store> Store::open(StorePaths paths) {
    Catalog catalog = Catalog::built_in();
    for (const Path& path : paths.catalogs) {
        auto text = read_file(path, catalog_bytes_max);
        if (!text && text.error().code == Code::NotFound) continue;
        auto added = text ? catalog.add(*text) : Result<>(std::move(text).error());
        if (!added) return std::move(added).error().within(cat(path));
    }
    return Store(std::move(paths), std::move(catalog));
}

Result<FileLock> Store::lock(const Cancel& cancel) const {
    TRY(make_folders(layout_.locks()));
    return FileLock::acquire(layout_.lock("store"), lock_wait, cancel);
}

Result<std::vector<Manifest>> Store::manifests(std::vector<std::string>* problems) const {
    std::vector<Manifest> out;
    std::error_code error;
    for (std::filesystem::directory_iterator at(layout_.manifests(), error), end;
         !error && at != end; at.increment(error)) {
        Path path = at->path();
        std::string name = path.stem().string();
        if (path.extension() != ".json" || !is_model_name(name)) continue;
        auto text = read_file(path, manifest_bytes_max);
        if (!text && text.error().code == Code::NotFound) continue;  // removed meanwhile
        auto manifest = text ? parse_manifest(*text) : Result<Manifest>(std::move(text).error());
        if (manifest && manifest->name != name)
            manifest = Error{Code::BadInput, cat("it is the manifest of ", manifest->name)};
        if (manifest)
            out.push_back(std::move(*manifest));
        else if (problems)
            problems->push_back(cat(path, ": ", manifest.error().what));
    }
    if (error && error != std::errc::no_such_file_or_directory)
        return system_error(error.value(), "read", layout_.manifests());
    std::ranges::sort(out, {}, &Manifest::name);
    return out;
}

bool Store::has_blob(const ModelFile& file) const {
    auto bytes = size_of_file(layout_.blob(file.sha256));
    return bytes && *bytes == file.bytes;
}

StoredModel Store::stored(Manifest manifest, const std::vector<Alias>& aliases) const {
    StoredModel model;
    model.path = path_to_open(layout_.model(manifest.name), manifest.files);
    std::error_code ignored;
    if (!std::filesystem::exists(model.path, ignored)) {
        // A disk without links, or somebody cleaned up: one file can be opened as it lies.
        if (manifest.files.size() == 1)
            model.path = layout_.blob(manifest.files[0].sha256);
        else
            model.damaged = true;
    }
    for (const ModelFile& file : manifest.files) model.damaged |= !has_blob(file);
    for (const Alias& alias : aliases)
        if (alias.target == manifest.name) model.aliases.push_back(alias.name);
    model.manifest = std::move(manifest);
    return model;
}

Result<Listing> Store::list() const {
    Listing listing;
    std::vector<Alias> known = TRY(aliases());
    for (Manifest& manifest : TRY(manifests(&listing.problems)))
        listing.models.push_back(stored(std::move(manifest), known));
    for (const ForeignRoot& root : paths_.foreign)
        for (ForeignModel& model : foreign_models(root))
            listing.foreign.push_back(std::move(model));
    return listing;
}

std::vector<std::string> Store::names() const {
    std::set<std::string> names;
    std::error_code error;
    for (std::filesystem::directory_iterator at(layout_.manifests(), error), end;
         !error && at != end; at.increment(error)) {
        std::string name = at->path().stem().string();
        if (at->path().extension() == ".json" && is_model_name(name)) names.insert(name);
    }
    if (auto known = aliases())
        for (const Alias& alias : *known) names.insert(alias.name);
    for (const ForeignRoot& root : paths_.foreign)
        for (const ForeignModel& model : foreign_models(root)) names.insert(model.name);
    return {names.begin(), names.end()};
}

Result<StoredModel> Store::find(std::string_view name) const {
    std::string key = lower(name);
    if (is_model_name(key)) {
        auto text = read_file(layout_.manifest(key), manifest_bytes_max);
        if (text) {
            auto manifest = parse_manifest(*text);
            if (manifest && manifest->name != key)
                manifest = Error{Code::BadInput, cat("it is the manifest of ", manifest->name)};
            if (!manifest)
                return std::move(manifest)
                    .error()
                    .within(cat(layout_.manifest(key)))
                    .advise(cat("linnet pull ", key));
            return stored(std::move(*manifest), TRY(aliases()));
        }
        if (text.error().code != Code::NotFound) return std::move(text).error();
    }
    return Error{Code::NotFound, cat("there is no model '", printable(name, 200), "'"),
                 "linnet list shows those that are there"};
}

Result<FoundModel> Store::resolve(std::string_view text) const {
    if (text.empty()) return Error{Code::Usage, "no model is named", "linnet list"};
    std::error_code ignored;
    auto at_path = [&](const Path& path) -> Result<FoundModel> {
        if (!std::filesystem::exists(path, ignored))
            return Error{Code::NotFound, cat("there is no file or folder ", path),
                         "check the path"};
        return FoundModel{path.filename().string(), ModelStore::Folder, path, std::nullopt};
    };
    if (text.find('\0') != text.npos) return Error{Code::Usage, "a model's name holds a zero byte"};
    if (is_path(text)) return at_path(Path(text));
    std::string name = lower(text);
    for (const Alias& alias : TRY(aliases())) {
        if (alias.name != name) continue;
        auto found = resolve_name(lower(alias.target), alias.target);
        if (!found) return std::move(found).error().within(cat("the alias ", name));
        return found;
    }
    auto found = resolve_name(name, text);
    if (found || found.error().code != Code::NotFound) return found;
    if (lower(text.substr(0, 5)) == "file:") {
        auto source = parse_source(text);
        if (!source) return std::move(source).error();
        return at_path(std::get<FileSource>(*source).path);
    }
    if (std::filesystem::exists(Path(text), ignored)) return at_path(Path(text));
    return found;
}

// Everything but aliases and paths.
Result<FoundModel> Store::resolve_name(const std::string& name, std::string_view text) const {
    auto ours = [](StoredModel model) -> Result<FoundModel> {
        if (model.damaged)
            return Error{Code::Integrity,
                         cat("the model ", model.manifest.name, " is damaged: files are missing"),
                         cat("linnet pull ", model.manifest.name)};
        std::string shown = model.manifest.name;
        return FoundModel{std::move(shown), ModelStore::Own, std::move(model.path),
                          std::move(model.manifest)};
    };
    if (is_path(text)) {  // an alias may mean a path
        std::error_code ignored;
        if (!std::filesystem::exists(Path(text), ignored))
            return Error{Code::NotFound, cat("there is no file or folder ", Path(text))};
        return FoundModel{Path(text).filename().string(), ModelStore::Folder, Path(text),
                          std::nullopt};
    }
    if (is_model_name(name)) {
        auto model = find(name);
        if (model) return ours(std::move(*model));
        if (model.error().code != Code::NotFound) return std::move(model).error();
    }
    Listing all = TRY(list());
    std::string reference(text);
    if (has_source_scheme(text))
        if (auto source = parse_source(text)) reference = source_text(*source);
    for (StoredModel& model : all.models)
        if (model.manifest.requested == reference || model.manifest.source == reference)
            return ours(std::move(model));
    std::vector<std::string> names;
    std::vector<FoundModel> beginnings;
    for (ForeignModel& model : all.foreign) {
        std::string theirs = lower(model.name);
        if (theirs == name || (model.store == ModelStore::Ollama && theirs == name + ":latest"))
            return FoundModel{model.name, model.store, std::move(model.path), std::nullopt};
        names.push_back(model.name);
    }
    for (const StoredModel& model : all.models) names.push_back(model.manifest.name);
    if (catalog_.find(name)) return unknown(text, names);
    std::vector<std::string> matches;
    for (const std::string& candidate : names)
        if (name.size() >= 2 && lower(candidate).starts_with(name)) matches.push_back(candidate);
    if (matches.size() == 1) return resolve_name(lower(matches[0]), matches[0]);
    if (matches.size() > 1) {
        if (matches.size() > 8) matches.resize(8);
        return Error{Code::Usage,
                     cat("'", printable(text, 200),
                         "' may mean several models: ", printable(join(matches, ", "), 1000)),
                     "write more of the name"};
    }
    return unknown(text, names);
}

Error Store::unknown(std::string_view text, const std::vector<std::string>& names) const {
    std::string name = lower(text);
    if (catalog_.find(name))
        return {Code::NotFound, cat("the model ", name, " is not on this machine"),
                cat("linnet pull ", name)};
    std::string what = cat("there is no model '", printable(text, 200), "'");
    std::string scheme = name.substr(0, name.find(':') + 1);
    if (has_source_scheme(text))
        return {Code::NotFound, what, cat("linnet pull ", printable(text, 500))};
    if (scheme == "ollama:" || scheme == "lmstudio:")
        return {Code::NotFound, what, "linnet list shows what other programs have on this machine"};
    std::vector<std::string> candidates = names;
    for (const CatalogEntry& entry : catalog_.entries()) candidates.push_back(entry.name);
    if (auto aliases_known = aliases())
        for (const Alias& alias : *aliases_known) candidates.push_back(alias.name);
    if (auto meant = closest(text, candidates)) {
        what += cat("; did you mean ", printable(*meant, 200), "?");
        bool here = std::ranges::find(names, *meant) != names.end();
        return {Code::NotFound, what,
                here || !catalog_.find(*meant) ? "" : cat("linnet pull ", *meant)};
    }
    return {Code::NotFound, what,
            "linnet list shows what is there; linnet pull NAME brings a model"};
}

Result<std::vector<Alias>> Store::aliases() const {
    auto text = read_file(layout_.aliases(), manifest_bytes_max);
    if (!text && text.error().code == Code::NotFound) return std::vector<Alias>();
    if (!text) return std::move(text).error();
    auto parsed = [&]() -> Result<std::vector<Alias>> {
        Json json = TRY(Json::parse(*text, {.depth_max = 4, .values_max = 10'000}));
        const Json* members = json.find("aliases");
        if (!members || !members->is_object())
            return Error{Code::BadInput, "not a list of aliases"};
        std::vector<Alias> out;
        for (const auto& [name, target] : *members->as_object())
            if (is_model_name(name)) out.push_back({name, TRY(text_of_alias(target))});
        return out;
    }();
    if (!parsed)
        return std::move(parsed)
            .error()
            .within(cat(layout_.aliases()))
            .advise("correct the file, or delete it to do without aliases");
    return parsed;
}

Result<> Store::write_aliases(const std::vector<Alias>& aliases) const {
    Json members = Json::object();
    for (const Alias& alias : aliases) members.set(alias.name, alias.target);
    Json json = Json::object({{"linnet_aliases", 1}, {"aliases", std::move(members)}});
    TRY(make_folders(layout_.data()));
    return write_file_atomic(layout_.aliases(), json.pretty() + "\n");
}

Result<Alias> Store::set_alias(std::string_view name, std::string_view target,
                               const Cancel& cancel) const {
    Alias alias{TRY(parse_model_name(name)), std::string(target)};
    if (find(alias.name) || catalog_.find(alias.name))
        return Error{Code::Usage, cat("'", alias.name, "' is the name of a model"),
                     "choose another name for the alias"};
    FileLock held = TRY(lock(cancel));
    std::vector<Alias> all = TRY(aliases());
    for (const Alias& other : all)
        if (other.name == lower(target)) alias.target = other.target;
    if (alias.target == alias.name)
        return Error{Code::Usage, cat("the alias '", alias.name, "' would mean itself")};
    if (is_path(alias.target)) {
        std::error_code ignored;
        alias.target = std::filesystem::absolute(alias.target, ignored).lexically_normal().string();
    }
    bool later = catalog_.find(lower(alias.target)) ||
                 (has_source_scheme(alias.target) && parse_source(alias.target));
    if (!later) {
        FoundModel found = TRY(resolve_name(lower(alias.target), alias.target));
        if (found.store == ModelStore::Own) alias.target = found.name;
    } else if (catalog_.find(lower(alias.target))) {
        alias.target = lower(alias.target);
    }
    std::erase_if(all, [&](const Alias& other) { return other.name == alias.name; });
    if (all.size() >= aliases_max)
        return Error{Code::NoFit, cat("there are ", aliases_max, " aliases already")};
    all.push_back(alias);
    std::ranges::sort(all, {}, &Alias::name);
    TRY(write_aliases(all));
    return alias;
}

Result<> Store::remove_alias(std::string_view name, const Cancel& cancel) const {
    FileLock held = TRY(lock(cancel));
    std::vector<Alias> all = TRY(aliases());
    if (std::erase_if(all, [&](const Alias& alias) { return alias.name == lower(name); }) == 0)
        return Error{Code::NotFound, cat("there is no alias '", printable(name, 200), "'"),
                     "linnet alias shows those that are there"};
    return write_aliases(all);
}

Path Store::path_to_open(const Path& folder, const std::vector<ModelFile>& files) {
    if (files.size() == 1) return folder / files[0].path;
    auto part = parse_part_name(Path(files[0].path).filename().string(), ".gguf");
    return part ? folder / files[0].path : folder;
}

}  // namespace linnet
