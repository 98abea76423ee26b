// The bytes of a saved state: a header in JSON, then tokens, pages of the cache and recurrent
// states as they lie in memory, then the hash of it all. docs/running.md has the layout.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "engine/cache_state.h"
#include "engine/sampling.h"

namespace linnet {

// Something that has to be the same where the state is used.
struct StateSetting {
    std::string name, value;
    bool operator==(const StateSetting&) const = default;
};

struct StateFile {
    std::vector<StateSetting> settings;
    std::vector<int32_t> tokens;  // prompt and answer
    std::optional<SamplerState> sampler{};
    std::string note{};  // of whoever saved it
    CacheState cache{};  // of the first of the tokens
};

std::string write_state_file(const StateFile& state);

// BadInput for what is no state; Unsupported for a newer one; Integrity where the hash is another.
// Every count has been compared with the bytes that are there; what they mean to a model has not.
Result<StateFile> read_state_file(Bytes file);

}  // namespace linnet
