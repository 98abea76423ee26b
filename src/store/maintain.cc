// The part of Store that changes files: commit, remove, collect, usage, verify.
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <set>

#include "base/text.h"
#include "store/name.h"
#include "store/partial.h"
#include "store/store.h"

namespace linnet {
namespace {

namespace fs = std::filesystem;

// Entries of a folder by name; none where it does not exist. Names that are not ours to touch are
// for the caller to leave alone.
std::vector<fs::directory_entry> entries(const Path& folder) {
    std::vector<fs::directory_entry> out;
    std::error_code error;
    for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error))
        out.push_back(*at);
    std::ranges::sort(out, {}, [](const fs::directory_entry& e) { return e.path().string(); });
    return out;
}

struct Blob {
    Digest digest;
    Path path;
    uint64_t bytes = 0;
};

std::vector<Blob> all_blobs(const Layout& layout) {
    std::vector<Blob> out;
    for (const auto& folder : entries(layout.blobs()))
        for (const auto& file : entries(folder.path())) {
            auto digest = parse_sha256_hex(file.path().filename().string());
            if (!digest || layout.blob(*digest) != file.path()) continue;
            out.push_back({*digest, file.path(), size_of_file(file.path()).value_or(0)});
        }
    return out;
}

std::set<Digest> digests_of(const std::vector<Manifest>& manifests) {
    std::set<Digest> out;
    for (const Manifest& manifest : manifests)
        for (const ModelFile& file : manifest.files) out.insert(file.sha256);
    return out;
}

int64_t changed_at_s(const Path& path) {
    struct stat info{};
    return ::lstat(path.c_str(), &info) == 0 ? info.st_mtime : 0;
}

Result<> remove_file(const Path& path) {
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) return system_error(errno, "remove", path);
    return Done{};
}

Result<> remove_folder(const Path& path) {
    std::error_code error;
    fs::remove_all(path, error);
    if (error) return system_error(error.value(), "remove", path);
    return Done{};
}

// What link_files() made, and nothing that somebody put there himself.
bool holds_only_links(const Path& folder) {
    std::error_code error;
    for (fs::recursive_directory_iterator at(folder, error), end; !error && at != end;
         at.increment(error))
        if (!at->is_symlink(error) && !at->is_directory(error)) return false;
    return !error;
}

// Makes a finished download a blob, or gives a user's file a second name.
Result<> make_blob(const Layout& layout, const BlobPart& part) {
    Path blob = layout.blob(part.sha256);
    TRY(make_folders(blob.parent_path()));
    if (part.linked) return link_blob(part.path, *part.linked, blob);
    if (::chmod(part.path.c_str(), 0444) != 0) return system_error(errno, "protect", part.path);
    return rename_durable(part.path, blob);
}

}  // namespace

Result<> Store::link_files(const Path& folder, const std::vector<ModelFile>& files,
                           const std::vector<Path>& targets) {
    check(files.size() == targets.size(), "each file has its target");
    for (size_t i = 0; i < files.size(); i++) {
        Path link = folder / files[i].path;
        TRY(make_folders(link.parent_path()));
        std::error_code error;
        fs::create_symlink(targets[i], link, error);
        if (error) return system_error(error.value(), "create", link);
    }
    return Done{};
}

Result<> Store::commit(const Manifest& manifest, const std::vector<BlobPart>& parts,
                       const Cancel& cancel) const {
    FileLock held = TRY(lock(cancel));
    if (auto all = aliases())
        for (const Alias& known : *all)
            if (known.name == manifest.name)
                return Error{Code::Usage, cat("'", known.name, "' is an alias of ", known.target),
                             "choose another name with --name, or remove the alias"};
    std::vector<Path> targets;
    for (const ModelFile& file : manifest.files) {
        if (!has_blob(file)) {
            auto part = std::ranges::find(parts, file.sha256, &BlobPart::sha256);
            if (part == parts.end())
                return Error{Code::Busy, cat(file.path, " was removed while the model was pulled"),
                             cat("linnet pull ", manifest.name)};
            TRY(make_blob(layout_, *part));
        }
        // From models/NAME[/FOLDER…]/FILE to blobs/…, so that the whole store can be moved.
        Path up = "../..";
        for (char c : file.path)
            if (c == '/') up /= "..";
        targets.push_back(up / layout_.blob(file.sha256).lexically_relative(layout_.data()));
    }
    Path folder = layout_.model(manifest.name);
    std::error_code ignored;
    if (fs::exists(folder, ignored) && !holds_only_links(folder))
        return Error{Code::Policy, cat(folder, " holds files that linnet did not put there"),
                     "move them away, or choose another name with --name"};
    Path making = cat(folder.string(), ".", ::getpid(), ".tmp");
    TRY(remove_folder(making));
    auto linked = link_files(making, manifest.files, targets);
    if (!linked) {
        TRY(remove_folder(making));
        if (manifest.files.size() > 1) return linked;  // one file can be opened as it lies
    } else {
        TRY(remove_folder(folder));
        TRY(rename_durable(making, folder));
    }
    TRY(make_folders(layout_.manifests()));
    return write_file_atomic(layout_.manifest(manifest.name), manifest_text(manifest));
}

Result<Removed> Store::remove(std::string_view name, const Cancel& cancel) const {
    FileLock held = TRY(lock(cancel));
    std::vector<Alias> known = TRY(aliases());
    for (const Alias& alias : known)
        if (alias.name == lower(name) && !find(name))
            return Error{
                Code::Usage, cat("'", alias.name, "' is an alias of ", alias.target),
                cat("linnet rm ", alias.target, ", or linnet alias --remove ", alias.name)};
    StoredModel model = TRY(find(name));
    Removed removed{model.manifest.name, model.aliases, 0};
    std::set<Digest> mine = digests_of({model.manifest});
    // First the manifest: without it nothing else is seen any more.
    TRY(remove_file(layout_.manifest(removed.name)));
    if (Path links = layout_.model(removed.name); holds_only_links(links))
        TRY(remove_folder(links));
    if (!removed.aliases.empty()) {
        std::erase_if(known, [&](const Alias& alias) { return alias.target == removed.name; });
        TRY(write_aliases(known));
    }
    std::set<Digest> kept = digests_of(TRY(manifests(nullptr)));
    for (const Digest& digest : mine) {
        if (kept.contains(digest)) continue;
        removed.freed_bytes += size_of_file(layout_.blob(digest)).value_or(0);
        TRY(remove_file(layout_.blob(digest)));
    }
    return removed;
}

Result<GcReport> Store::collect(const GcOptions& options, int64_t now_s,
                                const Cancel& cancel) const {
    GcReport report;
    std::error_code ignored;
    if (!fs::exists(layout_.data(), ignored)) return report;
    FileLock held = TRY(lock(cancel));
    std::vector<std::string> problems;
    std::vector<Manifest> all = TRY(manifests(&problems));
    if (!problems.empty())
        return Error{Code::BadInput, cat(problems[0], "; its files cannot be told from rubbish"),
                     "remove or repair that manifest first"};
    auto add = [&](std::string what, const Path& path, uint64_t bytes, bool folder) -> Result<> {
        if (!options.dry_run) TRY(folder ? remove_folder(path) : remove_file(path));
        report.items.push_back({std::move(what), path, bytes});
        report.bytes += bytes;
        return Done{};
    };
    std::set<Digest> kept = digests_of(all);
    for (const Blob& blob : all_blobs(layout_)) {
        TRY(cancel.check());
        if (!kept.contains(blob.digest)) TRY(add("blob", blob.path, blob.bytes, false));
    }
    std::set<std::string> names;
    for (const Manifest& manifest : all) names.insert(manifest.name);
    for (const auto& entry : entries(layout_.models()))
        if (!names.contains(entry.path().filename().string()) && holds_only_links(entry.path()))
            TRY(add("folder", entry.path(), 0, true));
    std::vector<Path> written = {layout_.manifests(), layout_.data()};
    for (const auto& folder : entries(layout_.blobs())) written.push_back(folder.path());
    for (const Path& folder : written)
        for (const auto& entry : entries(folder))
            if (entry.path().extension() == ".tmp")
                TRY(add("leftover", entry.path(), size_of_file(entry.path()).value_or(0), false));
    std::set<std::string> downloads;
    for (const auto& entry : entries(layout_.partials())) {
        std::string name = entry.path().filename().string();
        if (name.starts_with("sha256-") || name.starts_with("source-"))
            downloads.insert(name.substr(0, name.find('.')));
    }
    for (const std::string& key : downloads) {
        Path path = layout_.partials() / key;
        int64_t changed_s = std::max(changed_at_s(path), changed_at_s(path.string() + ".json"));
        if (static_cast<double>(now_s - changed_s) < options.partial_age_s) continue;
        auto download = TRY(FileLock::attempt(layout_.lock(key)));
        if (!download) continue;  // somebody is at it
        uint64_t bytes = size_of_file(path).value_or(0);
        if (!options.dry_run) TRY(Partial::remove(layout_, key));
        report.items.push_back({"partial", path, bytes});
        report.bytes += bytes;
    }
    return report;
}

Result<Usage> Store::usage() const {
    Usage usage;
    std::vector<Manifest> all = TRY(manifests(nullptr));
    std::map<Digest, size_t> models_with;
    std::map<Digest, uint64_t> sizes;
    for (const Manifest& manifest : all) {
        for (const Digest& digest : digests_of({manifest})) models_with[digest]++;
        for (const ModelFile& file : manifest.files) sizes[file.sha256] = file.bytes;
    }
    for (const auto& [digest, bytes] : sizes) usage.models_bytes += bytes;
    for (const Manifest& manifest : all) {
        Usage::Model model{manifest.name, 0, 0};
        for (const Digest& digest : digests_of({manifest})) {
            model.bytes += sizes[digest];
            if (models_with[digest] == 1) model.own_bytes += sizes[digest];
        }
        usage.models.push_back(std::move(model));
    }
    for (const Blob& blob : all_blobs(layout_))
        if (!sizes.contains(blob.digest)) usage.unreferenced_bytes += blob.bytes;
    for (const auto& entry : entries(layout_.partials()))
        usage.partial_bytes += size_of_file(entry.path()).value_or(0);
    usage.disk_free_bytes = TRY(disk_free(layout_.data()));
    return usage;
}

Result<Verified> Store::verify(const StoredModel& model, Progress& progress,
                               const Cancel& cancel) const {
    Verified verified;
    progress.begin(cat("verifying ", model.manifest.name), model.manifest.bytes(), 0);
    uint64_t before = 0;
    for (const ModelFile& file : model.manifest.files) {
        Verified::File result{file.path, false, ""};
        auto digest = sha256_of_file(layout_.blob(file.sha256), cancel,
                                     [&](uint64_t done) { progress.at(before + done); });
        if (!digest && digest.error().code == Code::Interrupted) return std::move(digest).error();
        if (!digest)
            result.problem = digest.error().what;
        else if (*digest != file.sha256)
            result.problem = cat("its bytes have the hash ", digest->hex());
        else
            result.good = true;
        verified.good = verified.good && result.good;
        verified.files.push_back(std::move(result));
        before += file.bytes;
    }
    progress.end();
    return verified;
}

Result<> Store::drop_damaged(const StoredModel& model, const Verified& verified,
                             const Cancel& cancel) const {
    FileLock held = TRY(lock(cancel));
    for (size_t i = 0; i < verified.files.size(); i++)
        if (!verified.files[i].good) TRY(remove_file(layout_.blob(model.manifest.files[i].sha256)));
    return Done{};
}

}  // namespace linnet
