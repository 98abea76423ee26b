// How much a recurrent model keeps of a sequence, however long that is.
#include <algorithm>

#include "model/summary_settings.h"

namespace linnet {
namespace {

constexpr uint64_t size_max = 1 << 24;

// Families with recurrent layers, in both kinds of file, and which of their layers these are.
enum class Where { All, WithoutHeads };
struct Recurrent {
    std::string_view architecture;
    Where where;
};
constexpr Recurrent families[] = {
    {"mamba2", Where::All},
    {"falcon-h1", Where::All},
    {"falcon_h1", Where::All},
    {"rwkv7", Where::All},
    {"granitehybrid", Where::WithoutHeads},
    {"granitemoehybrid", Where::WithoutHeads},
    {"lfm2", Where::WithoutHeads},
};

// A convolution's window, and a memory of inner * state values (Mamba 2); nothing where the
// settings are missing.
Result<uint64_t> state_space(const SummarySettings& settings, uint64_t embedding) {
    auto read = [&](std::string_view gguf, std::initializer_list<std::string_view> config) {
        return settings.greatest(gguf, config, size_max);
    };
    auto state = TRY(read("ssm.state_size", {"mamba_d_state", "state_size"}));
    auto kernel = TRY(read("ssm.conv_kernel", {"mamba_d_conv", "conv_kernel"}));
    auto groups = TRY(read("ssm.group_count", {"mamba_n_groups", "n_groups"}));
    auto inner = TRY(read("ssm.inner_size", {"mamba_d_ssm"}));
    auto expand = TRY(read("", {"mamba_expand", "expand"}));
    if (!state || !kernel || *kernel == 0) return uint64_t{0};
    uint64_t width = inner.value_or(expand.value_or(2) * embedding);
    width = std::min(width, size_max);
    return (*kernel - 1) * (width + 2 * groups.value_or(1) * *state) + width * *state;
}

Result<uint64_t> short_convolution(const SummarySettings& settings, uint64_t embedding) {
    auto kernel = TRY(settings.greatest("shortconv.l_cache", {"conv_L_cache"}, size_max));
    return kernel && *kernel > 0 ? (*kernel - 1) * embedding : 0;
}

// Two tokens, and a square for each head.
Result<uint64_t> time_mix(const SummarySettings& settings, uint64_t embedding) {
    auto head = TRY(settings.greatest("wkv.head_size", {"head_dim"}, size_max));
    return embedding * (2 + head.value_or(64));
}

}  // namespace

Result<> summarize_state(const SummarySettings& settings, uint64_t embedding,
                         std::vector<KvLayer>& layers) {
    auto family = std::ranges::find(families, settings.architecture(), &Recurrent::architecture);
    if (family == std::end(families)) return Done{};
    const std::string& name = settings.architecture();
    uint64_t values = TRY(name == "lfm2"    ? short_convolution(settings, embedding)
                          : name == "rwkv7" ? time_mix(settings, embedding)
                                            : state_space(settings, embedding));
    for (KvLayer& layer : layers)
        if (family->where == Where::All || layer.heads == 0) layer.state_values = values;
    return Done{};
}

}  // namespace linnet
