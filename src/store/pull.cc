#include "store/pull.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "base/text.h"
#include "formats/checkpoint.h"
#include "store/download.h"
#include "store/name.h"

namespace linnet {
namespace {

// "135M", "1.2B": the number of values in a model.
std::string parameters_text(uint64_t count) {
    double value = static_cast<double>(count);
    if (count >= 999'500'000) return cat(fixed(value / 1e9, value < 9.95e9 ? 1 : 0), "B");
    if (count >= 999'500) return cat(fixed(value / 1e6, value < 9.95e6 ? 1 : 0), "M");
    return cat(fixed(value / 1e3, 0), "K");
}

// What a model says about itself goes into its manifest, where the catalog said nothing.
void describe(const Checkpoint& checkpoint, Manifest& manifest) {
    auto fill = [](std::string& into, std::string_view text) {
        if (into.empty()) into = printable(text, 200);
    };
    fill(manifest.architecture,
         checkpoint.metadata().string_of("general.architecture").value_or(""));
    fill(manifest.licence, checkpoint.metadata().string_of("general.license").value_or(""));
    if (auto config = checkpoint.document("config.json"))
        fill(manifest.architecture, config->string_or("model_type", ""));
    uint64_t values = 0;
    for (const Tensor& tensor : checkpoint.tensors()) values += tensor.values;
    fill(manifest.parameters, parameters_text(values));
}

class Pull {
  public:
    Pull(const Store& store, const PullRequest& request, const PullSettings& settings,
         PullTools tools)
        : store_(store),
          request_(request),
          settings_(settings),
          tools_(tools),
          downloader_(store, settings, tools) {}

    Result<PullReport> run();

  private:
    Result<std::optional<StoredModel>> there_already();
    Result<> hash_files();
    Result<> check_total_space();
    Result<> fetch_all();
    Result<> check_model();
    Result<StoredModel> commit();
    std::string step_name(size_t place) const;

    const Store& store_;
    const PullRequest& request_;
    const PullSettings& settings_;
    PullTools tools_;
    Downloader downloader_;
    PullPlan plan_;
    std::vector<FileLock> locks_;
    std::vector<BlobPart> parts_;
    std::vector<BlobPart> links_;    // files that are to be linked
    std::vector<std::string> keys_;  // of partial downloads that became part of the model
};

Result<PullReport> Pull::run() {
    plan_ =
        TRY(begin_plan(store_, {request_.what, request_.name, request_.sha256, settings_.offline}));
    for (const Alias& alias : TRY(store_.aliases()))
        if (alias.name == plan_.manifest.name)
            return Error{Code::Usage, cat("'", alias.name, "' is an alias of ", alias.target),
                         "choose another name with --name, or remove the alias"};
    if (auto model = TRY(there_already())) return PullReport{std::move(*model), true, 0};
    TRY(finish_plan(plan_, [&] { return downloader_.open_hub(); }, tools_.cancel));
    if (request_.intake == Intake::Link) TRY(hash_files());
    TRY(make_folders(store_.layout().data()));
    TRY(check_total_space());
    auto fetched = fetch_all();
    if (fetched && !plan_.pinned) fetched = check_model();
    if (!fetched) {
        if (fetched.error().code == Code::Integrity) downloader_.remove_wheels();
        return std::move(fetched).error();
    }
    StoredModel model = TRY(commit());
    downloader_.remove_wheels();
    return PullReport{std::move(model), false, downloader_.downloaded_bytes()};
}

// The model under that name, if it is whole and the one that is asked for.
Result<std::optional<StoredModel>> Pull::there_already() {
    auto model = store_.find(plan_.manifest.name);
    if (!model && model.error().code == Code::NotFound) return std::optional<StoredModel>();
    if (!model && model.error().code == Code::BadInput) return std::optional<StoredModel>();
    if (!model) return std::move(model).error();
    const Manifest& old = model->manifest;
    if (old.requested != plan_.manifest.requested && old.source != plan_.manifest.source)
        return Error{Code::Usage,
                     cat("a model named ", old.name, " is there already, from ", old.requested),
                     cat("give the other a name of its own with --name, or linnet rm ", old.name)};
    if (request_.again && std::holds_alternative<FileSource>(plan_.files[0].sources[0])) {
        TRY(finish_plan(plan_, [&] { return downloader_.open_hub(); }, tools_.cancel));
        TRY(hash_files());
    }
    std::vector<ModelFile> wanted;
    for (const WantedFile& file : plan_.files) wanted.push_back(file.file);
    bool known = !plan_.files[0].file.path.empty();
    if (known && wanted != old.files) return std::optional<StoredModel>();  // the catalog moved on
    if (!known && plan_.files[0].hash_known && plan_.files[0].file.sha256 != old.files[0].sha256)
        return std::optional<StoredModel>();
    if (model->damaged) return std::optional<StoredModel>();
    if (!request_.verify) return std::optional(std::move(*model));
    Verified verified = TRY(store_.verify(*model, tools_.progress, tools_.cancel));
    if (verified.good) return std::optional(std::move(*model));
    TRY(store_.drop_damaged(*model, verified, tools_.cancel));
    return std::optional<StoredModel>();
}

// Of files of this machine, before anything is copied or linked.
Result<> Pull::hash_files() {
    links_.clear();
    for (size_t i = 0; i < plan_.files.size(); i++) {
        WantedFile& file = plan_.files[i];
        auto* source = std::get_if<FileSource>(&file.sources[0]);
        check(source != nullptr, "only files of this machine are hashed where they lie");
        FileStamp stamp = TRY(stamp_of(source->path));
        Step step(tools_.progress, cat("reading ", source->path.filename()));
        step.at(0, stamp.bytes);
        Digest digest = TRY(sha256_of_file(source->path, tools_.cancel,
                                           [&](uint64_t done) { step.at(done, stamp.bytes); }));
        step.end();
        if (file.hash_known && file.file.sha256 != digest)
            return Error{Code::Integrity,
                         cat(source->path, " has the hash ", digest.hex(), " instead of ",
                             file.file.sha256.hex()),
                         "it is not the file that was promised"};
        file.file.sha256 = digest;
        file.file.bytes = stamp.bytes;
        file.hash_known = file.bytes_known = true;
        links_.push_back({digest, std::filesystem::absolute(source->path), stamp});
    }
    return Done{};
}

Result<> Pull::check_total_space() {
    if (request_.intake == Intake::Link) return Done{};
    uint64_t needed = 0;
    for (const WantedFile& file : plan_.files) {
        if (!file.bytes_known || (file.hash_known && store_.has_blob(file.file))) continue;
        uint64_t done = size_of_file(store_.layout().partials() / file.key()).value_or(0);
        needed += file.file.bytes - std::min(file.file.bytes, done);
    }
    return check_space(store_.layout().data(), needed,
                       needed > 0 ? settings_.disk_reserve_bytes : 0);
}

std::string Pull::step_name(size_t place) const {
    std::string name = cat(request_.again ? "importing " : "pulling ", plan_.manifest.name);
    if (plan_.files.size() == 1) return name;
    return cat(name, " (", place + 1, " of ", plan_.files.size(), ")");
}

// The locks are taken in the order of their keys, by everybody, and held until the model is there:
// so nobody waits in a circle, and whoever waited finds it done.
Result<> Pull::fetch_all() {
    std::ranges::sort(plan_.files, {}, [](const WantedFile& file) { return file.key(); });
    for (size_t i = 0; i < plan_.files.size(); i++) {
        WantedFile& file = plan_.files[i];
        std::string key = file.key();
        bool repeated = std::ranges::find(keys_, key) != keys_.end();  // two names, the same bytes
        if (repeated) continue;
        locks_.push_back(TRY(downloader_.lock(file, step_name(i))));
        keys_.push_back(key);
        if (file.hash_known && file.bytes_known && store_.has_blob(file.file)) continue;
        if (request_.intake == Intake::Link) {
            parts_.push_back(*std::ranges::find(links_, file.file.sha256, &BlobPart::sha256));
            continue;
        }
        TRY(downloader_.fetch(file, step_name(i)));
        parts_.push_back({file.file.sha256, store_.layout().partials() / key});
    }
    return Done{};
}

// Of what nobody vouched for: a web page or another kind of file must not become a model.
Result<> Pull::check_model() {
    const Layout& layout = store_.layout();
    Path folder = layout.models() / cat(plan_.manifest.name, ".check.", ::getpid(), ".tmp");
    std::error_code ignored;
    std::filesystem::remove_all(folder, ignored);
    std::vector<ModelFile> files;
    for (const WantedFile& file : plan_.files) files.push_back(file.file);
    std::ranges::sort(files, {}, &ModelFile::path);
    std::vector<Path> targets;
    for (const ModelFile& file : files) {
        auto part = std::ranges::find(parts_, file.sha256, &BlobPart::sha256);
        targets.push_back(std::filesystem::absolute(part == parts_.end() ? layout.blob(file.sha256)
                                                                         : part->path));
    }
    auto linked = Store::link_files(folder, files, targets);
    Path path = linked ? Store::path_to_open(folder, files) : targets[0];
    auto checkpoint = Checkpoint::open(path);
    if (checkpoint) describe(*checkpoint, plan_.manifest);
    std::filesystem::remove_all(folder, ignored);
    if (checkpoint) return Done{};
    for (const std::string& key : keys_) TRY(Partial::remove(layout, key));
    Error error = std::move(checkpoint).error();
    // Not where it was looked at, but where it came from.
    error.what = replace_all(error.what, cat(path), plan_.manifest.requested);
    error.what = replace_all(error.what, cat(folder), plan_.manifest.requested);
    return error;
}

Result<StoredModel> Pull::commit() {
    Manifest manifest = plan_.manifest;
    manifest.pinned = plan_.pinned;
    manifest.pulled_at_s = tools_.clock.wall_s();
    manifest.files.clear();
    for (const WantedFile& file : plan_.files) manifest.files.push_back(file.file);
    std::ranges::sort(manifest.files, {}, &ModelFile::path);
    TRY(store_.commit(manifest, parts_, tools_.cancel));
    for (const std::string& key : keys_) TRY(Partial::remove(store_.layout(), key));
    return store_.find(manifest.name);
}

}  // namespace

Result<PullReport> pull(const Store& store, const PullRequest& request,
                        const PullSettings& settings, PullTools tools) {
    return Pull(store, request, settings, tools).run();
}

}  // namespace linnet
