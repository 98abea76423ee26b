// The shapes of models that people run, as their makers' config.json have them.
#include <iterator>

#include "model/synthetic.h"

namespace linnet {
namespace {

// clang-format off
constexpr SyntheticShape shapes[] = {
    // name, of, architecture,
    //     dim, layers, heads, kv_heads, head_dim, hidden, vocabulary, context, base, eps, tied
    {"llama-135m", "SmolLM2 135M", "llama",
        576, 30, 9, 3, 64, 1536, 49152, 8192, 1e5f, 1e-5f, true},
    {"llama-360m", "SmolLM2 360M", "llama",
        960, 32, 15, 5, 64, 2560, 49152, 8192, 1e5f, 1e-5f, true},
    {"llama-1.7b", "SmolLM2 1.7B", "llama",
        2048, 24, 32, 32, 64, 8192, 49152, 8192, 1.3e5f, 1e-5f, true},
    {"llama-1.1b", "TinyLlama 1.1B", "llama",
        2048, 22, 32, 4, 64, 5632, 32000, 2048, 1e4f, 1e-5f, false},
    {"llama-1b", "Llama 3.2 1B", "llama",
        2048, 16, 32, 8, 64, 8192, 128256, 131072, 5e5f, 1e-5f, true},
    {"llama-3b", "Llama 3.2 3B", "llama",
        3072, 28, 24, 8, 128, 8192, 128256, 131072, 5e5f, 1e-5f, true},
    {"llama-8b", "Llama 3.1 8B", "llama",
        4096, 32, 32, 8, 128, 14336, 128256, 131072, 5e5f, 1e-5f, false},
    {"qwen3-0.6b", "Qwen3 0.6B", "qwen3",
        1024, 28, 16, 8, 128, 3072, 151936, 40960, 1e6f, 1e-6f, true},
    {"qwen3-1.7b", "Qwen3 1.7B", "qwen3",
        2048, 28, 16, 8, 128, 6144, 151936, 40960, 1e6f, 1e-6f, true},
    {"qwen3-4b", "Qwen3 4B", "qwen3",
        2560, 36, 32, 8, 128, 9728, 151936, 40960, 1e6f, 1e-6f, true},
    {"qwen3-8b", "Qwen3 8B", "qwen3",
        4096, 36, 32, 8, 128, 12288, 151936, 40960, 1e6f, 1e-6f, false},
    {"gemma3-270m", "Gemma 3 270M", "gemma3",
        640, 18, 4, 1, 256, 2048, 262144, 32768, 1e6f, 1e-6f, true, 512},
    {"gemma3-1b", "Gemma 3 1B", "gemma3",
        1152, 26, 4, 1, 256, 6912, 262144, 32768, 1e6f, 1e-6f, true, 512},
};
// clang-format on

}  // namespace

std::span<const SyntheticShape> synthetic_shapes() {
    return shapes;
}

}  // namespace linnet
