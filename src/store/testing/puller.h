// A store in a temporary folder, and everything that a pull wants, set for tests: small marks, no
// reserve, short patience.
#pragma once

#include <optional>
#include <string>

#include "base/testing/temporary.h"
#include "base/text.h"
#include "formats/writer.h"
#include "net/testing/faulty_server.h"
#include "store/name.h"
#include "store/pull.h"

namespace linnet::testing {

// Bytes that do not repeat, so that any shift or swap changes the hash.
inline std::string random_bytes(size_t count, uint64_t seed) {
    Rng rng(seed);
    std::string out(count, '\0');
    for (char& c : out) c = static_cast<char>(rng.next());
    return out;
}

// A GGUF file with one tensor of so many random values.
inline std::string small_gguf(size_t values, uint64_t seed) {
    TemporaryFolder folder;
    std::string data = random_bytes(values * 4, seed);
    for (size_t i = 3; i < data.size(); i += 4) data[i] = 0x3F;  // finite float32
    MetadataBuilder metadata;
    metadata.set("general.architecture", "llama");
    metadata.set("general.license", "mit");
    Tensor tensor;
    tensor.name = "t";
    tensor.dtype = dtype_named("f32");
    tensor.shape = Shape{values};
    tensor.values = values;
    tensor.data = as_bytes(data);
    auto written = write_checkpoint(folder.path() / "m.gguf", metadata, {&tensor, 1});
    check(bool(written), "a small model is written");
    return *read_file(folder.path() / "m.gguf", 1'000'000'000);
}

// Every file of the store's blobs has the hash that its name says.
inline bool blobs_are_true(const Layout& layout) {
    Cancel cancel;
    std::error_code error;
    for (std::filesystem::recursive_directory_iterator at(layout.blobs(), error), end;
         !error && at != end; at.increment(error)) {
        if (!at->is_regular_file()) continue;
        auto digest = sha256_of_file(at->path(), cancel, [](uint64_t) {});
        if (!digest || at->path() != layout.blob(*digest)) return false;
    }
    return true;
}

inline size_t files_in(const Path& folder) {
    std::error_code error;
    size_t count = 0;
    for (std::filesystem::recursive_directory_iterator at(folder, error), end; !error && at != end;
         at.increment(error))
        count += !at->is_directory();
    return count;
}

inline PullSettings quick_pull_settings() {
    PullSettings settings;
    settings.http.connect_timeout_ms = 5000;
    settings.http.idle_timeout_ms = 5000;
    settings.mark_bytes = 16'384;
    settings.disk_reserve_bytes = 0;
    settings.environment["PIP_CONFIG_FILE"] = "/dev/null";
    return settings;
}

// Writes down what is shown, and finds fault with steps that fall back.
class Watcher final : public Progress {
  public:
    void begin(std::string_view step, uint64_t total, uint64_t start) override {
        check(!open_, "a step ends before the next begins");
        open_ = true;
        steps.emplace_back(step);
        totals.push_back(total);
        starts.push_back(start);
        last_ = start;
    }
    void at(uint64_t done) override {
        check(open_ && done >= last_, "progress never falls within a step");
        last_ = done;
    }
    void end() override {
        check(open_, "only an open step ends");
        open_ = false;
    }
    void note(std::string_view line) override { notes.emplace_back(line); }
    bool noted(std::string_view part) const {
        for (const std::string& line : notes)
            if (line.find(part) != line.npos) return true;
        return false;
    }

    std::vector<std::string> steps, notes;
    std::vector<uint64_t> totals, starts;

  private:
    bool open_ = false;
    uint64_t last_ = 0;
};

struct Puller {
    TemporaryFolder folder;
    PullSettings settings = quick_pull_settings();
    ManualClock clock;
    Rng rng{1};
    Watcher watcher;
    Cancel cancel;
    std::vector<Path> catalogs;

    Store store() const {
        auto opened = Store::open({folder.path() / "data", catalogs, {}});
        check(bool(opened), "a store opens");
        return std::move(*opened);
    }
    Result<PullReport> pull(PullRequest request) {
        return linnet::pull(store(), request, settings,
                            {clock, rng, watcher, cancel, Log::silent()});
    }
    Result<PullReport> pull(std::string what) { return pull(PullRequest{.what = std::move(what)}); }

    // Adds a model to the catalog, with these sources and the hash of this content.
    void list(const std::string& name, const std::string& content,
              const std::vector<std::string>& sources, const std::string& path = "m.gguf") {
        Json names = Json::array();
        for (const std::string& source : sources) names.push(source);
        Json file = Json::object({{"path", path},
                                  {"bytes", content.size()},
                                  {"sha256", sha256(as_bytes(content)).hex()}});
        Json model =
            Json::object({{"name", name}, {"files", Json(Json::Array{file})}, {"sources", names}});
        Json catalog = Json::object({{"linnet_catalog", 1}, {"models", Json(Json::Array{model})}});
        catalogs.push_back(folder.path() / cat("catalog-", catalogs.size(), ".json"));
        check(bool(write_file_atomic(catalogs.back(), catalog.dump())), "a catalog is written");
    }

    // What a model's one file holds, or empty.
    std::string held(std::string_view name) const {
        auto found = store().resolve(name);
        if (!found) return {};
        auto text = read_file(found->path, 1'000'000'000);
        return text ? *text : std::string();
    }
    // Nothing of a model can be seen, and nothing is left of it but what may be gone on with.
    bool shows_nothing() const {
        auto listing = store().list();
        Layout layout = store().layout();
        return listing && listing->models.empty() && listing->problems.empty() &&
               files_in(layout.models()) == 0 && files_in(layout.blobs()) == 0;
    }
    bool keeps_nothing() const { return files_in(store().layout().partials()) == 0; }
};

}  // namespace linnet::testing
