#include "state/saved_state.h"

#include <algorithm>

#include "base/text.h"
#include "model/adapters/adapter.h"
#include "state/state_file.h"
#include "trust/hash.h"

namespace linnet {
namespace {

// Two models are the same where their headers and three places of each of their tensors are: to
// hash all of a large file would take longer than computing the state anew.
std::string model_identity(const Checkpoint& checkpoint) {
    constexpr size_t headers_max = 16 << 20, place_bytes = 4096;
    Sha256 hash;
    for (const MappedFile& file : checkpoint.files()) {
        Bytes bytes = file.bytes();
        hash.update(as_bytes(cat(bytes.size(), " ")));
        hash.update(bytes.first(std::min(bytes.size(), headers_max / checkpoint.files().size())));
    }
    for (const Tensor& tensor : checkpoint.tensors()) {
        hash.update(as_bytes(cat(tensor.name, " ", tensor.dtype->name, " ", tensor.values, " ")));
        const size_t size = tensor.data.size(), length = std::min(size, place_bytes);
        for (size_t place : {size_t{0}, (size - length) / 2, size - length})
            hash.update(tensor.data.subspan(place, length));
    }
    if (auto config = checkpoint.document_text("config.json")) hash.update(as_bytes(*config));
    return hash.digest().hex();
}

// All that the adapters add to the model, and where; "none" where that is nothing.
std::string adapters_identity(const Adapters& adapters) {
    Sha256 hash;
    bool none = true;
    for (const AppliedAdapter& applied : adapters) {
        if (applied.scale == 0) continue;
        none = false;
        hash.update(as_bytes(cat("adapter ", applied.scale, " ")));
        for (uint32_t site = 0; site < applied.adapter->model().sites().size(); site++) {
            const Adapter::Change* change = applied.adapter->at(site);
            if (!change) continue;
            hash.update(as_bytes(cat(site, " ", change->update.rank(), " ", change->scale, " ")));
            hash.update(std::as_bytes(change->update.down()));
            hash.update(std::as_bytes(change->update.up()));
        }
    }
    return none ? "none" : hash.digest().hex();
}

std::vector<StateSetting> settings_of(const Engine& engine, const Adapters& adapters) {
    const Model& model = engine.model();
    return {{"model", model_identity(model.checkpoint())},
            {"adapter", adapters_identity(adapters)},
            {"math", model.math() == Math::F32 ? "f32" : "fast"},
            {"kv", std::string(kv_type_name(*engine.options().kv))},
            {"context", cat(engine.context())}};
}

Result<> check_settings(const std::vector<StateSetting>& saved, const Engine& engine,
                        const Adapters& adapters) {
    for (const StateSetting& own : settings_of(engine, adapters)) {
        auto found = std::ranges::find(saved, own.name, &StateSetting::name);
        std::string theirs = found == saved.end() ? "nothing" : printable(found->value, 20);
        if (found != saved.end() && found->value == own.value) continue;
        if (own.name == "model" || own.name == "adapter")
            return Error{Code::Usage,
                         cat("the state was saved with ",
                             theirs == "none"      ? "no "
                             : own.value == "none" ? "an "
                                                   : "another ",
                             own.name),
                         cat("use the ", own.name, " that wrote it")};
        return Error{Code::Usage,
                     cat("the state was saved with --", own.name, " ", theirs, ", and this is --",
                         own.name, " ", own.value),
                     cat("use --", own.name, " ", theirs)};
    }
    return Done{};
}

Result<> check_tokens(const std::vector<int32_t>& tokens, const Engine& engine) {
    const size_t vocabulary = engine.model().config().vocabulary;
    bool known = std::ranges::all_of(tokens, [&](int32_t token) {
        return token >= 0 && static_cast<size_t>(token) < vocabulary;
    });
    if (!known || tokens.size() > engine.context())
        return Error{Code::BadInput, "the saved state's tokens are not those of the model"};
    return Done{};
}

Result<SavedState> use(Bytes file, Engine& engine, const Adapters& adapters) {
    StateFile state = TRY(read_state_file(file));
    TRY(check_settings(state.settings, engine, adapters));
    TRY(check_tokens(state.tokens, engine));
    TRY(engine.restore(std::move(state.cache), adapters));
    return SavedState{{std::move(state.tokens), state.sampler}, std::move(state.note)};
}

}  // namespace

Result<> save_state(const Path& path, Engine& engine, const SavedState& saved,
                    const Adapters& adapters) {
    StateFile state{.settings = settings_of(engine, adapters),
                    .tokens = saved.reached.tokens,
                    .sampler = saved.reached.sampler,
                    .note = saved.note,
                    .cache = TRY(engine.save(saved.reached.tokens, adapters))};
    return write_file_atomic(path, write_state_file(state));
}

Result<SavedState> load_state(const Path& path, Engine& engine, const Adapters& adapters) {
    MappedFile file = TRY(MappedFile::open(path));
    auto saved = use(file.bytes(), engine, adapters);
    if (!saved) return std::move(saved).error().within(printable(path.string()));
    return saved;
}

}  // namespace linnet
