#include "compress/prune/prunable.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace linnet {
namespace {

constexpr std::string_view by_place = "what a layer does depends on its place",
                           several_kinds = "its layers are of several kinds",
                           experts = "its channels are those of experts",
                           fused = "queries, keys and values share a matrix",
                           scaled = "scores are scaled by the number of heads",
                           normed = "queries and keys are normed over all heads",
                           as_wide = "its files have heads that together are as wide as the model",
                           no_heads = "it has no attention",
                           no_channels = "its feed-forward is of another kind";

// clang-format off
constexpr std::array families_table = {
    PrunableFamily{"llama"},
    PrunableFamily{.architecture = "qwen2", .heads = as_wide},
    PrunableFamily{"qwen3"},
    PrunableFamily{"granite"},
    PrunableFamily{.architecture = "qwen3moe", .channels = experts},
    PrunableFamily{.architecture = "phi3", .heads = fused},
    PrunableFamily{.architecture = "gpt2", .heads = fused},
    PrunableFamily{.architecture = "smollm3", .layers = by_place},
    PrunableFamily{.architecture = "gemma2", .layers = by_place, .heads = scaled},
    PrunableFamily{.architecture = "gemma3", .layers = by_place, .heads = scaled},
    PrunableFamily{.architecture = "olmo2", .heads = normed},
    PrunableFamily{.architecture = "lfm2", .heads = several_kinds},
    PrunableFamily{.architecture = "granitehybrid", .heads = several_kinds, .channels = several_kinds},
    PrunableFamily{.architecture = "falcon-h1", .heads = several_kinds},
    PrunableFamily{.architecture = "mamba2", .heads = no_heads, .channels = no_channels},
};
// clang-format on

}  // namespace

Result<PrunableModel> PrunableModel::of(const Checkpoint& checkpoint) {
    const Metadata& metadata = checkpoint.metadata();
    const std::string_view name = metadata.string_of("general.architecture").value_or("");
    auto row = std::ranges::find(families_table, name, &PrunableFamily::architecture);
    if (row == families_table.end()) {
        std::vector<std::string> names;
        for (const PrunableFamily& family : families_table) names.emplace_back(family.architecture);
        return Error{Code::Unsupported,
                     cat("models of the architecture '", printable(name, 40), "' cannot be pruned"),
                     cat("those of ", join(names, ", "), " can")};
    }
    auto setting = [&](std::string_view key) -> uint32_t {
        auto value = metadata.uint_of(cat(name, ".", key)).value_or(0);
        return value <= 1 << 20 ? static_cast<uint32_t>(value) : 0;
    };
    PrunableModel out{.family = &*row,
                      .layers = setting("block_count"),
                      .heads = setting("attention.head_count"),
                      .kv_heads = setting("attention.head_count_kv"),
                      .head_dim = setting("attention.key_length"),
                      .value_dim = setting("attention.value_length"),
                      .channels = setting("feed_forward_length")};
    if (out.layers == 0)
        return Error{Code::BadInput, "the model does not say how many layers it has"};
    if (out.kv_heads == 0 && !metadata.find(cat(name, ".attention.head_count_kv")))
        out.kv_heads = out.heads;
    if (out.head_dim == 0 && out.heads > 0) out.head_dim = setting("embedding_length") / out.heads;
    if (out.value_dim == 0) out.value_dim = out.head_dim;
    return out;
}

}  // namespace linnet
