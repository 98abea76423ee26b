// A short convolution over time, each channel for itself: a token's value is a weighted sum of its
// own and of those just before it.
#pragma once

#include <cstddef>
#include <vector>

namespace linnet {

struct CausalConv {
    size_t kernel = 0, channels = 0;
    std::vector<float> taps;  // (kernel, channels), the oldest token's first
    std::vector<float> bias;  // (channels), or empty

    // Of what came before, (kernel - 1, channels), the oldest first; zeros in front of a sequence.
    size_t state_floats() const { return (kernel - 1) * channels; }

    // Rows of channels, next to each other or `stride` apart.
    struct Rows {
        float* at;
        size_t stride;
        float* row(size_t token) const { return at + token * stride; }
    };
    // out = conv(in) for `tokens` tokens that follow what `state` holds, and `state` after them; of
    // the channels from begin to end only. REQUIRES: out is not in.
    void run(Rows in, Rows out, size_t tokens, size_t begin, size_t end, float* state) const;
};

}  // namespace linnet
