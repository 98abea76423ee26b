// Rows of activations that matrices will be multiplied with: floats, and room for their int8
// blocks.
#pragma once

#include <span>

#include "model/linear.h"
#include "model/pass.h"

namespace linnet {

struct Activations {
    float* x = nullptr;  // (tokens, columns)
    ActBlock* blocks = nullptr;
    size_t columns = 0;

    static Activations take(Pass& pass, size_t columns) {
        return {pass.shared(pass.tokens * columns), columns > 0 ? pass.blocks(columns) : nullptr,
                columns};
    }
    static size_t floats(size_t columns) { return columns + Operand::block_floats(columns); }

    Operand operand() const { return {x, blocks}; }
    void quantize(const Pass& pass, size_t begin, size_t end) const {
        pass.quantize(x, columns, blocks, begin, end);
    }
    // x = f(x), of the tokens from begin to end.
    template <class F>
    void each(size_t begin, size_t end, F f) const {
        for (size_t i = begin * columns; i < end * columns; i++) x[i] = f(x[i]);
    }
};

// y = linear(x), all tokens.
struct Product {
    const Linear* linear;  // without rows: nothing to do
    Operand x;
    float* y;  // (tokens, rows)
};

// Computes them together: their rows are one list, so that the workers' shares are equal. Ends with
// a barrier.
inline void multiply_all(Pass& pass, std::span<const Product> products) {
    size_t all = 0;
    for (const Product& product : products) all += Matrix::whole_panels(product.linear->rows());
    pass.share(all, Matrix::panel_rows, [&](size_t begin, size_t end) {
        size_t first = 0;
        for (const Product& product : products) {
            size_t rows = product.linear->rows();
            size_t from = std::max(begin, first), to = std::min(end, first + rows);
            if (from < to)
                product.linear->run(pass, product.x, from - first, to - first, product.y, rows,
                                    pass.own());
            first += Matrix::whole_panels(rows);
        }
    });
    pass.barrier();
}

}  // namespace linnet
