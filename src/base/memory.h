// How much memory this process may still take without pushing anybody out.
#pragma once

#include <cstdint>
#include <optional>

#include "base/file.h"

namespace linnet {

// The kernel's estimate of what is available, or what the control group's limit leaves if that is
// less; nothing where the machine does not tell. `root` is where /proc and /sys are looked for.
std::optional<uint64_t> available_memory(const Path& root = "/");

// The most that this process has had in memory at once.
uint64_t peak_memory();

}  // namespace linnet
