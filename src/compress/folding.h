// Numbers that a model's columns are multiplied with, and that what feeds these columns is divided
// by, so that the model computes the same: the weights of norms, or the rows of a matrix before. It
// is what makes some columns easier to round, at the cost of others.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "compress/activation_ranges.h"
#include "formats/checkpoint.h"

namespace linnet {

class Folding {
  public:
    // Of a matrix, one for each column; null where it stays.
    const std::vector<float>* columns(std::string_view tensor) const;
    // What the rows of a matrix, or the values of a vector, are divided by; null where they stay.
    const std::vector<float>* rows(std::string_view tensor) const;
    bool empty() const { return columns_.empty(); }

    void multiply_columns(std::string_view tensor, std::span<const float> by);
    void divide_rows(std::string_view tensor, std::span<const float> by);
    // As it is with what was folded so far.
    ActivationRange folded(std::string_view tensor, const ActivationRange& range) const;

  private:
    using Factors = std::map<std::string, std::vector<float>, std::less<>>;
    Factors columns_, rows_;
};

// Matrices that are multiplied with the same, and what feeds them.
struct FedMatrices {
    std::vector<const Tensor*> feeders;  // a norm, or a matrix, with their biases
    std::vector<const Tensor*> matrices;
    uint64_t columns;
};

// Those behind the norms of each layer; with `matrices_too` also those behind a matrix whose rows
// reach them alone: the output behind the values, and the lower behind the upper of a gated pair.
std::vector<FedMatrices> fed_matrices(const Checkpoint& checkpoint, bool matrices_too);

// The weights of a matrix as float32, with what is folded into them: (rows, columns).
std::vector<float> folded_weights(const Tensor& tensor, const Folding& folding);

}  // namespace linnet
