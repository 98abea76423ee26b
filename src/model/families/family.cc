#include "model/families/family.h"

#include <algorithm>
#include <iterator>

namespace linnet {

// clang-format off
static constexpr const Family* table[] = {
    &llama_family,
    &qwen2_family,
    &qwen3_family,
    &smollm3_family,
    &gemma2_family,
    &gemma3_family,
    &gemma3n_family,
    &phi3_family,
    &granite_family,
    &olmo2_family,
    &gpt2_family,
    &qwen3moe_family,
    &mamba2_family,
    &falcon_h1_family,
    &granite_hybrid_family,
    &lfm2_family,
    &rwkv7_family,
    &bert_family,
    &nomic_bert_family,
};
// clang-format on

std::span<const Family* const> families() {
    return table;
}

const Family* find_family(std::string_view architecture) {
    auto row = std::ranges::find(table, architecture, &Family::architecture);
    return row == std::end(table) ? nullptr : *row;
}

}  // namespace linnet
