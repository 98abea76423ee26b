// Which columns of a matrix can go, and what the others become to make up for them.
//
// With H = sum x x' of what the matrix W is multiplied with, the least squared error of the
// products without the columns of a group G, the other columns being free, is
//     tr(W_G ([H^-1]_GG)^-1 W_G'),
// and then W loses W_G ([H^-1]_GG)^-1 [H^-1]_G: (Hassibi and Stork, Optimal Brain Surgeon, 1992;
// for groups: Kurtic et al., ZipLM, 2023, equations 3 and 4). The group that costs least goes, W
// and H^-1 become those without it, and so on.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/threads.h"

namespace linnet {

// What a text brings to a matrix. The diagonal is raised by a share of itself and of its mean,
// which draws what is refitted to the weights as they were.
class InputSquares {
  public:
    struct Damping {
        double own = 0.15, mean = 0.01;
    };
    // Of (columns, columns); the upper triangle is read.
    static InputSquares of(std::span<const float> squares, size_t columns, const Damping& damping);

    size_t columns() const { return columns_; }
    std::span<const double> matrix() const { return values_; }  // both triangles
    // H^-1, both triangles.
    std::vector<double> inverse(ThreadPool& pool) const;

  private:
    InputSquares(std::vector<double> values, size_t columns)
        : values_(std::move(values)), columns_(columns) {}
    std::vector<double> values_;
    size_t columns_;
};

struct RemovedGroup {
    uint32_t group;
    double error;  // squared, of the products summed over the text, that this removal adds
};

struct Removal {
    std::vector<RemovedGroup> removed;  // in order
    std::vector<uint32_t> kept;         // columns, ascending
    std::vector<float> weights;         // (rows, kept), refitted
};

// Of W (rows, columns), with columns in groups of `width` that lie together, `count` groups go.
// REQUIRES: columns is a multiple of width, and count less than the groups.
Removal remove_groups(const InputSquares& squares, std::span<const float> weights, size_t width,
                      size_t count, ThreadPool& pool);

// Of all products over the text, the sum of squares: tr(W H W').
double product_squares(const InputSquares& squares, std::span<const float> weights,
                       ThreadPool& pool);

}  // namespace linnet
