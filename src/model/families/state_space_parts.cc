#include "model/families/state_space_parts.h"

#include <cmath>

namespace linnet {
namespace {

Result<> read_sizes(const Source& source, StateSpace::Parts& parts, size_t dim) {
    parts.heads = TRY(source.need_uint("ssm.time_step_rank", 1, 4096));
    parts.state = TRY(source.need_uint("ssm.state_size", 1, 4096));
    parts.groups = TRY(source.uint_or("ssm.group_count", 1, 4096, 1));
    auto expand = TRY(source.uint_or("ssm.expand", 1, 64, 2));
    auto inner =
        TRY(source.uint_or("ssm.inner_size", 1, 1 << 20, static_cast<uint32_t>(expand * dim)));
    parts.head_dim = inner / parts.heads;
    if (inner % parts.heads != 0 || parts.heads % parts.groups != 0)
        return Error{Code::BadInput,
                     cat("the model's settings do not fit together: a state of ", inner,
                         " values for ", parts.heads, " heads in ", parts.groups, " groups")};
    // A folder may bound how far a token moves the state.
    auto limits = source.floats("ssm.time_step_limit");
    if (limits.size() == 2 && limits[1] > limits[0])
        parts.step_least = limits[0], parts.step_most = limits[1];
    return Done{};
}

// A folder keeps the logarithm of what fades, a GGUF file the number itself.
Result<std::vector<float>> read_decay(const Source& source, std::string_view name, size_t heads) {
    auto decay = TRY(source.values(name, heads));
    for (float& value : decay)
        if (source.from_hugging_face()) value = -std::exp(value);
    return decay;
}

}  // namespace

Result<CausalConv> read_conv(const Source& source, std::string_view name, size_t channels,
                             size_t kernel) {
    CausalConv conv{.kernel = kernel, .channels = channels, .taps = {}, .bias = {}};
    auto rows = TRY(source.values(cat(name, ".weight"), channels * kernel));  // (channels, kernel)
    conv.taps.resize(rows.size());
    for (size_t c = 0; c < channels; c++)
        for (size_t k = 0; k < kernel; k++) conv.taps[k * channels + c] = rows[c * kernel + k];
    conv.bias = TRY(source.vector(cat(name, ".bias"), channels, false));
    return conv;
}

Result<StateSpace::Parts> read_state_space(const Decoder& decoder, uint32_t layer) {
    const Source& source = decoder.source();
    const size_t dim = decoder.sizes().dim;
    auto name = [&](std::string_view part) { return cat("blk.", layer, ".", part); };
    StateSpace::Parts parts;
    TRY(read_sizes(source, parts, dim));
    parts.norm = TRY(decoder.norm(name("attn_norm"), dim));
    parts.input = TRY(decoder.linear(name("ssm_in"), parts.projected(), dim));
    size_t kernel = TRY(source.uint_or("ssm.conv_kernel", 2, 64, 4));
    parts.conv = TRY(read_conv(source, name("ssm_conv1d"), parts.convolved(), kernel));
    parts.step_bias = TRY(source.values(name("ssm_dt.bias"), parts.heads));
    parts.decay = TRY(read_decay(source, name("ssm_a"), parts.heads));
    parts.skip = TRY(source.values(name("ssm_d"), parts.heads));
    if (source.has(name("ssm_norm.weight"))) {
        parts.inner_norm.weight = TRY(source.values(name("ssm_norm.weight"), parts.inner()));
        parts.inner_norm.epsilon = decoder.sizes().epsilon;
    }
    parts.output = TRY(decoder.linear(name("ssm_out"), dim, parts.inner()));
    return parts;
}

}  // namespace linnet
