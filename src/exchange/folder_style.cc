#include "exchange/folder_style.h"

#include <algorithm>
#include <iterator>

#include "base/text.h"

namespace linnet {

static constexpr FolderStyle table[] = {
    {.architecture = "llama",
     .model_type = "llama",
     .class_name = "LlamaForCausalLM",
     .pairs_together = true,
     .has_window = true},
    {.architecture = "qwen2", .model_type = "qwen2", .class_name = "Qwen2ForCausalLM"},
    {.architecture = "qwen3", .model_type = "qwen3", .class_name = "Qwen3ForCausalLM"},
    {.architecture = "qwen3moe", .model_type = "qwen3_moe", .class_name = "Qwen3MoeForCausalLM"},
    {.architecture = "smollm3",
     .model_type = "smollm3",
     .class_name = "SmolLM3ForCausalLM",
     .pairs_together = true},
    {.architecture = "gemma2",
     .model_type = "gemma2",
     .class_name = "Gemma2ForCausalLM",
     .norm_offset = 1,
     .always_tied = true,
     .activation = "gelu_pytorch_tanh",
     .full_every = 2,
     .has_window = true},
    {.architecture = "gemma3",
     .model_type = "gemma3_text",
     .class_name = "Gemma3ForCausalLM",
     .norm_offset = 1,
     .always_tied = true,
     .activation = "gelu_pytorch_tanh",
     .full_every = 6,
     .has_window = true},
    {.architecture = "phi3",
     .model_type = "phi3",
     .class_name = "Phi3ForCausalLM",
     .has_window = true},
    {.architecture = "granite",
     .model_type = "granite",
     .class_name = "GraniteForCausalLM",
     .pairs_together = true},
    {.architecture = "olmo2",
     .model_type = "olmo2",
     .class_name = "Olmo2ForCausalLM",
     .says_layers = true,
     .has_window = true},
    {.architecture = "gpt2",
     .model_type = "gpt2",
     .class_name = "GPT2LMHeadModel",
     .transposed = true,
     .activation = "gelu_new"},
};

const FolderStyle* folder_style(std::string_view architecture) {
    auto row = std::ranges::find(table, architecture, &FolderStyle::architecture);
    return row == std::end(table) ? nullptr : row;
}

std::span<const FolderStyle> folder_styles() {
    return table;
}

Result<uint32_t> heads_in_pairs(const FolderStyle& style, std::string_view name,
                                const Tensor& tensor, HeadCounts counts) {
    const bool query = name.find(".attn_q.") != name.npos;
    if (!style.pairs_together || !(query || name.find(".attn_k.") != name.npos)) return 0u;
    const uint32_t heads = query ? counts.heads : counts.kv_heads;
    if (tensor.shape[0] % (2 * uint64_t{heads}) == 0) return heads;
    return Error{Code::BadInput, cat("the tensor '", printable(tensor.name), "' has ",
                                     tensor.shape[0], " rows for ", heads, " heads")};
}

}  // namespace linnet
