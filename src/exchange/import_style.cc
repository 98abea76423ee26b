#include "exchange/import_style.h"

#include <algorithm>
#include <iterator>

namespace linnet {

static constexpr ImportStyle table[] = {
    {.architecture = "llama", .pairs_together = true, .has_window = true},
    {.architecture = "qwen2"},
    {.architecture = "qwen3"},
    {.architecture = "qwen3moe"},
    {.architecture = "smollm3", .pairs_together = true},
    {.architecture = "gemma2",
     .norm_offset = 1,
     .always_tied = true,
     .activation = "gelu_pytorch_tanh",
     .full_every = 2,
     .has_window = true},
    {.architecture = "gemma3",
     .norm_offset = 1,
     .always_tied = true,
     .activation = "gelu_pytorch_tanh",
     .full_every = 6,
     .has_window = true},
    {.architecture = "phi3", .has_window = true},
    {.architecture = "granite", .pairs_together = true},
    {.architecture = "olmo2", .says_layers = true, .has_window = true},
    {.architecture = "gpt2", .transposed = true, .activation = "gelu_new"},
};

const ImportStyle* import_style(std::string_view architecture) {
    auto row = std::ranges::find(table, architecture, &ImportStyle::architecture);
    return row == std::end(table) ? nullptr : row;
}

std::span<const ImportStyle> import_styles() {
    return table;
}

}  // namespace linnet
