// Where repacked weights lie: many matrices on a few large stretches, because each answer reads all
// of them once and the small pages of single matrices cost a part of the speed. Not thread-safe.
#pragma once

#include <memory>

#include "tensor/arena.h"

namespace linnet {

class PackMemory {
  public:
    // Aligned to cache lines; it stays as long as somebody holds it.
    Result<std::shared_ptr<std::byte>> take(uint64_t bytes);

  private:
    std::shared_ptr<Arena> stretch_;
};

}  // namespace linnet
