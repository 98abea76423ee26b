// The architectures that linnet runs: one file each beside this one, and one row in family.cc.
#pragma once

#include <span>
#include <string_view>

#include "model/model.h"

namespace linnet {

struct Family {
    std::string_view architecture;  // GGUF's general.architecture
    Result<ModelParts> (*build)(const Source& source);
    std::span<const NamePair> names;  // of a folder, where they are not the shared ones
};

std::span<const Family> families();
const Family* find_family(std::string_view architecture);

Result<ModelParts> build_llama(const Source& source);
Result<ModelParts> build_qwen2(const Source& source);
Result<ModelParts> build_qwen3(const Source& source);

}  // namespace linnet
