// Weights that become zeros, and which: half of a matrix, or two of each four neighbours.
#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/threads.h"
#include "compress/feedback.h"

namespace linnet {

struct MaskPattern {
    double share = 0.5;  // of the weights
    // Where not 0: so many of each `group` weights that lie together in a row, whatever the share.
    uint32_t zeros = 0, group = 0;

    // "50%" or "2:4": two zeros of four. Usage for what is neither.
    static Result<MaskPattern> parse(std::string_view text);
    double zero_share() const { return group ? static_cast<double>(zeros) / group : share; }
};

enum class MaskMethod { Magnitude, Wanda, SparseGpt };
std::optional<MaskMethod> mask_method_named(std::string_view name);  // "sparsegpt"

// The smallest weights of the matrix become zeros (rows, columns).
void mask_by_magnitude(std::span<float> weights, size_t columns, const MaskPattern& pattern);

// Of each row those whose size times the length of what they are multiplied with is least:
// |W_ij| |X_j| (Sun et al., A Simple and Effective Pruning Approach, 2023, equation 1).
// `importance` has the mean squares of the columns.
void mask_by_wanda(std::span<float> weights, std::span<const float> importance,
                   const MaskPattern& pattern, ThreadPool& pool);

// Column after column, what a zero does to the products being made up for by the columns behind it;
// of 128 columns those weights of the matrix go whose loss, the square over the diagonal of H^-1 of
// the columns that are left, is least (Frantar and Alistarh, SparseGPT, 2023, algorithm 1).
// feedback.h has the mathematics: that diagonal's inverse is D.
void mask_by_sparsegpt(std::span<float> weights, const Feedback& feedback,
                       const MaskPattern& pattern, ThreadPool& pool);

}  // namespace linnet
