// Rounding with feedback: what a column's rounding does to the products is made up for by the
// columns that come after it.
//
// The squared error of a matrix's products over a text is tr(E H E') with E the errors of the
// weights and H = sum x x' of what it was multiplied with. With H = (I + C) D (I + C)', C strictly
// upper triangular and D diagonal, it is sum_j D_j |r_j|^2 when column j is rounded after
// sum_{i<j} e_i C_ij was added to it, and r_j is what rounding that leaves (Chee et al., QuIP,
// 2023, equation 4; the same numbers as GPTQ's, Frantar et al., 2022). So scales are fitted to the
// columns as they have become, weighted by D.
//
// What was rounded early could not know what came after it. So then scales and columns are gone
// through again, one at a time, and each takes the value that is best given all others: coordinate
// descent on tr(E H E') (Behdin et al., QuantEase, 2023; Nair and Suggala, CDQuant, 2024).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "kernels/kernels.h"
#include "tensor/dtype.h"

namespace linnet {

class Feedback {
  public:
    // Of H, (columns, columns); its upper triangle is read. The diagonal is raised by three tenths
    // (feedback.cc tells why) and a hundredth of its mean, for columns that the text says little
    // about.
    static Feedback of(std::span<const float> hessian, size_t columns, const Kernels& kernels);

    // Of the same text, with each column of what comes divided by a number. REQUIRES: one for each
    // column, none of them 0.
    Feedback divided(std::span<const float> divisors) const;

    size_t columns() const { return cost_.size(); }
    float cost(size_t column) const { return cost_[column]; }  // D
    // C_i, from column 0; zeros up to i.
    const float* carry(size_t i) const { return carry_.data() + i * columns(); }
    // H_i, with what was added to the diagonal.
    const float* squares(size_t i) const { return squares_.data() + i * columns(); }

    const Kernels& kernels() const { return *kernels_; }

  private:
    explicit Feedback(const Kernels& kernels) : kernels_(&kernels) {}
    const Kernels* kernels_;
    std::vector<float> cost_, carry_, squares_;
};

// Whether rows can be rounded so: formats of 2 to 6 bits that have a scale for some values.
bool takes_feedback(const DType& dtype);

// (rows, columns) to blocks, four rows at a time. REQUIRES: takes_feedback(dtype), and columns are
// those of the feedback.
void quantize_with_feedback(const DType& dtype, const Feedback& feedback, const float* weights,
                            size_t rows, std::byte* blocks);

}  // namespace linnet
