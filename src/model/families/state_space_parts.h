// Reading the parts of a Mamba 2 layer, which several families have.
#pragma once

#include "model/blocks/state_space.h"
#include "model/families/decoder.h"

namespace linnet {

// From the settings "ssm.*" and the tensors "blk.N.ssm_*", with the norm "blk.N.attn_norm".
Result<StateSpace::Parts> read_state_space(const Decoder& decoder, uint32_t layer);

// A convolution over `channels` from "NAME.weight" and, where there is one, "NAME.bias".
Result<CausalConv> read_conv(const Source& source, std::string_view name, size_t channels,
                             size_t kernel);

}  // namespace linnet
