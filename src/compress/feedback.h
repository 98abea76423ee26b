// Rounding with feedback: what a column's rounding does to the products is made up for by the
// columns that come after it.
//
// The squared error of a matrix's products over a text is tr(E H E') with E the errors of the
// weights and H = sum x x' of what it was multiplied with. With H = (I + C) D (I + C)', C strictly
// upper triangular and D diagonal, it is sum_j D_j |r_j|^2 when column j is rounded after
// sum_{i<j} e_i C_ij was added to it, and r_j is what rounding that leaves (Chee et al., QuIP,
// 2023, equation 4; the same numbers as GPTQ's, Frantar et al., 2022). So scales are fitted to the
// columns as they have become, weighted by D.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "tensor/dtype.h"

namespace linnet {

class Feedback {
  public:
    // Of H, (columns, columns); its upper triangle is read. A hundredth of the mean diagonal is
    // added to it, for columns that the text says little about.
    static Feedback of(std::span<const float> hessian, size_t columns);

    size_t columns() const { return cost_.size(); }
    float cost(size_t column) const { return cost_[column]; }  // D
    // C_i, from column 0; zeros up to i.
    const float* carry(size_t i) const { return carry_.data() + i * columns(); }

  private:
    std::vector<float> cost_, carry_;
};

// Whether rows can be rounded so: Q4_0 … Q5_1, IQ4_NL, Q2_K … Q6_K.
bool takes_feedback(const DType& dtype);

// (rows, columns) to blocks, four rows at a time. REQUIRES: takes_feedback(dtype), and columns are
// those of the feedback.
void quantize_with_feedback(const DType& dtype, const Feedback& feedback, const float* weights,
                            size_t rows, std::byte* blocks);

}  // namespace linnet
