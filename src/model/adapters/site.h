// The places where an adapter can change a model: matrices that activations are multiplied with.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace linnet {

// A matrix by the tensor that it was read from.
struct AdapterSite {
    std::string tensor;  // by GGUF's name: "blk.3.attn_q.weight"
    size_t first = 0;    // row within the tensor, of fused projections and stacked experts
    size_t tensor_rows = 0;
    size_t rows = 0, columns = 0;
    // Where GGUF files have the rotary rows of each of these heads in pairs and folders in halves;
    // 0 where both order rows alike.
    size_t turned_heads = 0;

    static constexpr uint32_t none = UINT32_MAX;
};

}  // namespace linnet
