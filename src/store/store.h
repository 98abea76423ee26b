// The store of models on this machine. Files are blobs named by their hash; a model is a manifest
// that names blobs. Nothing appears in it before it is whole and its hash is right, and nothing is
// changed in place, so any number of processes may read, pull and remove at the same time.
//
// pull.h brings models here; foreign.h reads those of other programs. const means that threads may
// share it: everything lies on disk.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/cancel.h"
#include "base/file.h"
#include "base/progress.h"
#include "base/result.h"
#include "store/catalog.h"
#include "store/foreign.h"
#include "store/intake.h"
#include "store/layout.h"
#include "store/manifest.h"

namespace linnet {

struct StorePaths {
    Path data;                           // of the store itself; made when something is pulled
    std::vector<Path> catalogs;          // of the user's own; absent ones are skipped
    std::vector<ForeignRoot> foreign{};  // read, never written
};

struct StoredModel {
    Manifest manifest;
    Path path;             // to open: a file, or a folder for models of several files
    bool damaged = false;  // a file is missing or has another size
    std::vector<std::string> aliases;
};

struct Listing {
    std::vector<StoredModel> models;    // sorted by name
    std::vector<ForeignModel> foreign;  // in the order of the roots
    std::vector<std::string> problems;  // manifests that cannot be read
};

// What a name, reference or path means.
struct FoundModel {
    std::string name;  // to show
    ModelStore store = ModelStore::Own;
    Path path;                         // to open
    std::optional<Manifest> manifest;  // of our own models
};

struct Alias {
    std::string name, target;
};

struct Removed {
    std::string name;
    std::vector<std::string> aliases;  // that pointed to it and went with it
    uint64_t freed_bytes = 0;          // files that no other model has
};

struct GcOptions {
    double partial_age_s = 7 * 86400;  // older broken-off downloads go
    bool dry_run = false;
};
struct GcReport {
    struct Item {
        std::string what;  // "blob", "partial", "folder", "leftover"
        Path path;
        uint64_t bytes = 0;
    };
    std::vector<Item> items;  // removed, or in a dry run: that would be
    uint64_t bytes = 0;
};

struct Usage {
    struct Model {
        std::string name;
        uint64_t bytes = 0;
        uint64_t own_bytes = 0;  // of files that no other model has
    };
    std::vector<Model> models;
    uint64_t models_bytes = 0;        // each file once
    uint64_t unreferenced_bytes = 0;  // blobs of no model
    uint64_t partial_bytes = 0;
    uint64_t disk_free_bytes = 0;
};

// Bytes with a known hash that are to become a blob.
struct BlobPart {
    Digest sha256;
    Path path;
    // A file of the user's that stays where it is and gets a second name in the store: as it was
    // when it was hashed. Otherwise the file is moved.
    std::optional<FileStamp> linked{};
};

struct Verified {
    struct File {
        std::string path;
        bool good = false;
        std::string problem;  // empty where good
    };
    std::vector<File> files;
    bool good = true;
};

class Store {
  public:
    // Reads the catalogs; touches nothing.
    static Result<Store> open(StorePaths paths);

    const Layout& layout() const { return layout_; }
    const Catalog& catalog() const { return catalog_; }

    Result<Listing> list() const;
    // Names of models and aliases, ours and others': for completion. Reads as little as possible.
    std::vector<std::string> names() const;
    // A name or alias, a reference as it was pulled or as list() shows it, a unique beginning of a
    // name, or a path. NotFound says what may have been meant and how to get it.
    Result<FoundModel> resolve(std::string_view text) const;
    // One of our own models by its name.
    Result<StoredModel> find(std::string_view name) const;

    Result<std::vector<Alias>> aliases() const;
    // The target is anything that can be resolved or pulled; an alias to an alias means its target.
    Result<Alias> set_alias(std::string_view name, std::string_view target,
                            const Cancel& cancel) const;
    Result<> remove_alias(std::string_view name, const Cancel& cancel) const;

    // Frees what no other model needs. A process that has the model open keeps it until it ends.
    Result<Removed> remove(std::string_view name, const Cancel& cancel) const;
    Result<GcReport> collect(const GcOptions& options, int64_t now_s, const Cancel& cancel) const;
    Result<Usage> usage() const;
    // Reads every byte of a model again.
    Result<Verified> verify(const StoredModel& model, Progress& progress,
                            const Cancel& cancel) const;

    // Removes the files that verify() found damaged, so that a pull brings them anew.
    Result<> drop_damaged(const StoredModel& model, const Verified& verified,
                          const Cancel& cancel) const;

    // For pull: makes files that were downloaded into blobs, and the manifest that names them. A
    // file that is neither there nor in `parts` is Code::Busy: somebody removed it.
    Result<> commit(const Manifest& manifest, const std::vector<BlobPart>& parts,
                    const Cancel& cancel) const;
    // The files of a manifest under their names, as links to what `target` says, in `folder`.
    static Result<> link_files(const Path& folder, const std::vector<ModelFile>& files,
                               const std::vector<Path>& targets);
    // What to open in a folder that link_files made.
    static Path path_to_open(const Path& folder, const std::vector<ModelFile>& files);
    bool has_blob(const ModelFile& file) const;

  private:
    Store(StorePaths paths, Catalog catalog);
    Result<FileLock> lock(const Cancel& cancel) const;
    Result<std::vector<Manifest>> manifests(std::vector<std::string>* problems) const;
    Result<> write_aliases(const std::vector<Alias>& aliases) const;
    StoredModel stored(Manifest manifest, const std::vector<Alias>& aliases) const;
    Result<FoundModel> resolve_name(const std::string& name, std::string_view text) const;
    Error unknown(std::string_view text, const std::vector<std::string>& names) const;

    StorePaths paths_;
    Layout layout_;
    Catalog catalog_;
};

}  // namespace linnet
