// How a block begins and ends: it norms the residual stream, and adds what it made to it.
#pragma once

#include "model/linear.h"
#include "model/norm.h"
#include "model/pass.h"

namespace linnet {

// normed = norm(input) of this worker's tokens, with their int8 blocks. A norm without weights
// passes the input on. Ends without a barrier.
void norm_input(const Pass& pass, const Norm& norm, size_t dim, float* normed, ActBlock* blocks);
// The same of all tokens, where nobody else writes to it: a small batch has one for each worker.
Operand common_input(Pass& pass, const Norm& norm, size_t dim);
// What it takes of each worker's own scratch.
constexpr size_t common_own(size_t dim) {
    return Pass::small_max * (dim + Operand::block_floats(dim));
}

// x += scale * post_norm(linear(from)); a norm without weights does nothing. `out` is room for
// (tokens, dim) that all share. Ends with a barrier.
struct ResidualOutput {
    const Linear& linear;
    const Norm& post_norm;
    float scale;
};
void add_output(Pass& pass, const ResidualOutput& output, Operand from, float* out);

}  // namespace linnet
