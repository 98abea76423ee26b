#include "store/plan.h"

#include <algorithm>

#include "base/text.h"
#include "formats/locate.h"
#include "store/name.h"

namespace linnet {
namespace {

// The name that a reference gives its model. Parts of a split file share theirs.
Result<std::string> name_of(const Source& source) {
    std::string stem = source_stem(source);
    if (auto part = parse_part_name(stem + ".gguf", ".gguf")) stem = part->stem;
    std::string name = make_model_name(stem);
    if (!name.empty()) return name;
    return Error{Code::Usage, cat(source_text(source), " gives no name for the model"),
                 "name it yourself: --name NAME"};
}

Result<PullPlan> plan_entry(const CatalogEntry& entry, const PlanRequest& request) {
    if (request.sha256)
        return Error{Code::Usage, cat("the catalog has the hash of ", entry.name, " already"),
                     "leave out --sha256"};
    PullPlan plan;
    plan.pinned = true;
    plan.manifest.name = request.name.empty() ? entry.name : TRY(parse_model_name(request.name));
    plan.manifest.requested = entry.name;
    plan.manifest.source = entry.sources[0];
    plan.manifest.licence = entry.licence;
    plan.manifest.architecture = entry.architecture;
    plan.manifest.parameters = entry.parameters;
    for (const ModelFile& file : entry.files) {
        WantedFile wanted{file, true, true, true, {}};
        for (const std::string& source : entry.sources)
            wanted.sources.push_back(TRY(parse_source(entry.source_of(source, file))));
        plan.files.push_back(std::move(wanted));
    }
    return plan;
}

WantedFile wanted_file(std::string path, Source source) {
    WantedFile wanted;
    wanted.file.path = std::move(path);
    if (auto* web = std::get_if<WebSource>(&source); web && web->sha256) {
        wanted.file.sha256 = *web->sha256;
        wanted.hash_known = wanted.pinned = true;
    }
    wanted.sources.push_back(std::move(source));
    return wanted;
}

// The same source with another last part of its path.
Source with_file_name(const Source& source, std::string_view name) {
    Source other = source;
    auto replace = [&](std::string& path) {
        path = cat(path.substr(0, path.rfind('/') + 1), name);
    };
    if (auto* pypi = std::get_if<PypiSource>(&other)) replace(pypi->member);
    if (auto* hub = std::get_if<HubSource>(&other)) replace(hub->file);
    if (auto* file = std::get_if<FileSource>(&other)) file->path.replace_filename(name);
    if (auto* web = std::get_if<WebSource>(&other)) {
        std::string& target = web->url.target;
        size_t end = std::min(target.find('?'), target.size());
        size_t begin = target.rfind('/', end) + 1;
        target.replace(begin, end - begin, percent_encode(name));
    }
    return other;
}

// The last part of a source's path.
std::string file_name(const Source& source) {
    auto last = [](const std::string& path) { return path.substr(path.rfind('/') + 1); };
    if (auto* pypi = std::get_if<PypiSource>(&source)) return last(pypi->member);
    if (auto* hub = std::get_if<HubSource>(&source)) return last(hub->file);
    if (auto* file = std::get_if<FileSource>(&source)) return file->path.filename().string();
    const std::string& target = std::get<WebSource>(source).url.target;
    auto name = percent_decode(last(target.substr(0, target.find('?'))));
    return name ? *name : std::string();
}

// A file that anybody may have named, as a file of the store.
std::string safe_file_name(const std::string& name) {
    if (is_model_file(name) && name.find('/') == name.npos) return name;
    Path path(name);
    std::string stem = make_model_name(path.stem().string());
    std::string extension = lower(path.extension().string());
    std::string safe = stem + extension;
    return is_model_file(safe) ? safe : "model";
}

// One file, or all parts of a split one.
Result<> plan_file(PullPlan& plan, const Source& source) {
    std::string name = file_name(source);
    auto part = parse_part_name(name, ".gguf");
    if (!part || part->count < 2) {
        plan.files.push_back(wanted_file(safe_file_name(name), source));
        return Done{};
    }
    if (part->count > model_files_max)
        return Error{Code::Unsupported, cat(printable(name), " is one of too many files")};
    auto* web = std::get_if<WebSource>(&source);
    if (web && web->sha256)
        return Error{Code::Usage, "a hash stands for one file, and this model has several",
                     "leave out the hash"};
    for (part->place = 1; part->place <= part->count; part->place++) {
        std::string each = part_file_name(*part, ".gguf");
        if (!is_model_file(each))
            return Error{Code::Usage, cat("unusable name: ", printable(each))};
        plan.files.push_back(wanted_file(each, with_file_name(source, each)));
    }
    return Done{};
}

Result<> plan_folder(PullPlan& plan, const Path& folder) {
    std::vector<std::string> names;
    std::error_code error;
    namespace fs = std::filesystem;
    for (fs::recursive_directory_iterator at(folder, error), end; !error && at != end;
         at.increment(error)) {
        if (at.depth() >= 1) at.disable_recursion_pending();
        if (names.size() > 10'000) break;
        if (at->is_regular_file(error))
            names.push_back(at->path().lexically_relative(folder).generic_string());
    }
    if (error) return system_error(error.value(), "read", folder);
    std::ranges::sort(names);
    for (std::string& name : TRY(choose_model_files(names, cat(folder)))) {
        Source source = FileSource{folder / name};
        plan.files.push_back(wanted_file(std::move(name), std::move(source)));
    }
    return Done{};
}

Result<> plan_repository(PullPlan& plan, const HubSource& hub_source, const OpenHub& open_hub,
                         const Cancel& cancel) {
    Hub hub = TRY(open_hub());
    Hub::Listing listing = TRY(hub.list(hub_source, cancel));
    std::vector<std::string> names;
    for (const HubFile& file : listing.files) names.push_back(file.path);
    for (const std::string& name :
         TRY(choose_model_files(names, source_text(Source(hub_source))))) {
        HubSource one = hub_source;
        one.file = name;
        one.revision = listing.commit;
        WantedFile wanted = wanted_file(name, Source(std::move(one)));
        auto file = std::ranges::find(listing.files, name, &HubFile::path);
        wanted.bytes_known = file->bytes.has_value();
        wanted.hash_known = file->sha256.has_value();
        if (file->bytes) wanted.file.bytes = *file->bytes;
        if (file->sha256) wanted.file.sha256 = *file->sha256;
        plan.files.push_back(std::move(wanted));
    }
    return Done{};
}

Error unknown(const Store& store, std::string_view what) {
    std::string shown = cat("'", printable(what, 200), "'");
    std::vector<std::string> names;
    for (const CatalogEntry& entry : store.catalog().entries()) names.push_back(entry.name);
    if (auto meant = closest(what, names))
        return {Code::NotFound,
                cat("the catalog has no model ", shown, "; did you mean ", *meant, "?"),
                cat("linnet pull ", *meant)};
    if (std::ranges::count(what, '/') >= 1 && what.front() != '/' && what.front() != '.')
        return {Code::NotFound, cat("there is no file ", shown),
                cat("linnet pull hf:", printable(what, 300))};
    return {Code::NotFound, cat("the catalog has no model ", shown),
            cat("it has ", join(names, ", "), "; or name a source: hf:OWNER/REPOSITORY/FILE.gguf")};
}

}  // namespace

std::string WantedFile::key() const {
    return hash_known ? download_key(file.sha256) : download_key(source_text(sources[0]));
}

Result<PullPlan> begin_plan(const Store& store, const PlanRequest& request) {
    std::string what(request.what);
    if (what.empty()) return Error{Code::Usage, "no model is named", "linnet pull smollm2-135m"};
    for (const Alias& alias : TRY(store.aliases()))
        if (alias.name == lower(what)) what = alias.target;
    if (const CatalogEntry* entry = store.catalog().find(lower(what)))
        return plan_entry(*entry, request);
    // A model that is there and no longer in the catalog, or never was: from where it came.
    if (auto stored = store.find(what)) {
        PlanRequest again = request;
        again.what = stored->manifest.source;
        again.name = stored->manifest.name;
        if (stored->manifest.source != what) return begin_plan(store, again);
    }
    std::string scheme = lower(what.substr(0, what.find(':') + 1));
    if (scheme == "ollama:" || scheme == "lmstudio:")
        return Error{Code::Usage,
                     cat("models of ", scheme.substr(0, scheme.size() - 1),
                         " are used where they are, and not pulled"),
                     "name it as linnet list shows it, wherever a model is asked for"};
    std::error_code ignored;
    if (!has_source_scheme(what) && !std::filesystem::exists(Path(what), ignored))
        return unknown(store, what);
    Source source = TRY(parse_source(what));
    if (request.sha256) {
        auto* web = std::get_if<WebSource>(&source);
        if (web && web->sha256 && *web->sha256 != *request.sha256)
            return Error{Code::Usage, "the address and --sha256 name different hashes"};
        if (web) web->sha256 = request.sha256;
    }
    PullPlan plan;
    plan.manifest.name =
        request.name.empty() ? TRY(name_of(source)) : TRY(parse_model_name(request.name));
    plan.manifest.requested = plan.manifest.source = source_text(source);
    auto* web = std::get_if<WebSource>(&source);
    plan.pinned = request.sha256 || (web && web->sha256);
    // The source itself stands for the files until finish_plan().
    plan.files.push_back(wanted_file("", std::move(source)));
    if (request.sha256) {
        plan.files[0].file.sha256 = *request.sha256;
        plan.files[0].hash_known = plan.files[0].pinned = true;
    }
    return plan;
}

Result<> finish_plan(PullPlan& plan, const OpenHub& open_hub, const Cancel& cancel) {
    if (!plan.files[0].file.path.empty()) return Done{};  // the catalog knows all
    WantedFile stand_in = std::move(plan.files[0]);
    plan.files.clear();
    const Source& source = stand_in.sources[0];
    auto* hub = std::get_if<HubSource>(&source);
    auto* file = std::get_if<FileSource>(&source);
    std::error_code ignored;
    if (hub && hub->file.empty())
        TRY(plan_repository(plan, *hub, open_hub, cancel));
    else if (file && std::filesystem::is_directory(file->path, ignored))
        TRY(plan_folder(plan, file->path));
    else
        TRY(plan_file(plan, source));
    if (stand_in.hash_known) {
        if (plan.files.size() != 1)
            return Error{Code::Usage, "a hash stands for one file, and this model has several",
                         "leave out --sha256"};
        plan.files[0].file.sha256 = stand_in.file.sha256;
        plan.files[0].hash_known = plan.files[0].pinned = true;
    }
    if (plan.files.size() > model_files_max)
        return Error{Code::Unsupported, cat("a model of more than ", model_files_max, " files")};
    return Done{};
}

}  // namespace linnet
