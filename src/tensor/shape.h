// How many values a tensor has along each dimension, outermost first as PyTorch writes it:
// (rows, columns), and a row lies together in memory.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>

#include "base/bytes.h"

namespace linnet {

class Shape {
  public:
    static constexpr size_t rank_max = 8;

    Shape() = default;  // rank 0: one value
    // REQUIRES: at most rank_max dimensions.
    Shape(std::initializer_list<uint64_t> dims) : Shape(std::span(dims.begin(), dims.size())) {}
    explicit Shape(std::span<const uint64_t> dims) : rank_(static_cast<uint8_t>(dims.size())) {
        check(dims.size() <= rank_max, "a shape has at most eight dimensions");
        std::ranges::copy(dims, dims_.begin());
    }

    size_t rank() const { return rank_; }
    std::span<const uint64_t> dims() const { return {dims_.data(), rank_}; }
    // REQUIRES: i < rank().
    uint64_t operator[](size_t i) const {
        check(i < rank_, "a dimension that the shape has");
        return dims_[i];
    }
    uint64_t row() const { return rank_ == 0 ? 1 : dims_[rank_ - 1u]; }  // the innermost

    // The product of the dimensions, or nothing where it overflows.
    std::optional<uint64_t> values() const {
        std::optional<uint64_t> product = 1;
        for (uint64_t dim : dims()) {
            if (dim == 0) return 0;
            if (product) product = checked_mul(*product, dim);
        }
        return product;
    }

    bool operator==(const Shape& other) const { return std::ranges::equal(dims(), other.dims()); }

  private:
    std::array<uint64_t, rank_max> dims_{};
    uint8_t rank_ = 0;
};

// "576 x 1536"; "scalar" for rank 0.
inline std::string shape_text(const Shape& shape) {
    if (shape.rank() == 0) return "scalar";
    std::string out;
    for (uint64_t dim : shape.dims()) out += cat(out.empty() ? "" : " x ", dim);
    return out;
}

}  // namespace linnet
