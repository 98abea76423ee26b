// A conversation's state in a file: its tokens, what the model computed for them, and what would
// choose the next one. Whoever goes on from it gets the answer that not stopping would have given.
//
// The file is a stranger's as any other. It is used only where its hash is right, and the model,
// its adapters, the arithmetic, the context and the cache's numbers are those it was written with.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/file.h"
#include "engine/engine.h"

namespace linnet {

struct SavedState {
    Reached reached;
    std::string note{};  // of whoever saves: the messages of a conversation
};

// Writes the state and what the engine still knows of its tokens. The old file stays where that
// fails.
Result<> save_state(const Path& path, Engine& engine, const SavedState& saved,
                    const Adapters& adapters = {});

// Puts the computed part into the engine and gives back the rest. Usage where the state belongs to
// another model or other settings; else as read_state_file() and Engine::restore().
Result<SavedState> load_state(const Path& path, Engine& engine, const Adapters& adapters = {});

}  // namespace linnet
