#include "model/families/family.h"

#include <algorithm>
#include <iterator>

namespace linnet {

static constexpr Family table[] = {
    {"llama", build_llama, {}},
    {"qwen2", build_qwen2, {}},
    {"qwen3", build_qwen3, {}},
};

std::span<const Family> families() {
    return table;
}

const Family* find_family(std::string_view architecture) {
    auto row = std::ranges::find(table, architecture, &Family::architecture);
    return row == std::end(table) ? nullptr : row;
}

}  // namespace linnet
