#include "model/matrix.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "base/testing/result.h"
#include "kernels/select.h"

namespace linnet {
namespace {

// Every packed form gives what the decoder of its type says, but for the order of a float32 sum.
TEST(Matrix, PackedRowsAreTheDecodedOnes) {
    constexpr size_t rows = 19, columns = 512;
    ThreadPool pool(2);
    PackMemory memory;
    const Kernels& kernels = kernels_of(Isa::Scalar);
    std::mt19937 bits(3);
    std::normal_distribution<float> normal;
    std::vector<float> x(columns);
    for (float& value : x) value = normal(bits);
    std::vector<ActBlock> blocks(columns / pack_columns);
    kernels.quantize_activations(x.data(), blocks.size(), blocks.data());

    for (const Packing& packing : packings()) {
        const DType* dtype = dtype_named(packing.dtype);
        ASSERT_TRUE(dtype && dtype->block_values == packing.block_columns &&
                    dtype->block_bytes == packing.block_bytes)
            << packing.dtype;
        std::vector<std::byte> data(rows * columns / dtype->block_values * dtype->block_bytes);
        // Exponents in the middle everywhere, so that no scale is infinite: 0x3. as the upper half
        // of each byte that a float16 may have.
        for (std::byte& b : data) b = static_cast<std::byte>(bits() & 0x3F);
        Tensor tensor{
            .name = "w", .dtype = dtype, .shape = {}, .values = rows * columns, .data = data};
        Matrix matrix(tensor, columns);
        testing::must(matrix.pack(pool, memory));
        ASSERT_TRUE(matrix.packed());
        std::vector<float> y(rows), row(columns);
        matrix.multiply(kernels, Operand{x.data(), blocks.data()}, 1, 0, rows, y.data(), rows,
                        nullptr);
        for (size_t r = 0; r < rows; r++) {
            matrix.decode_row(r, row.data());
            double exact = 0, size = 0;
            for (size_t c = 0; c < columns; c++) {
                const ActBlock& a = blocks[c / 32];
                double term = static_cast<double>(row[c]) * a.scale * a.q[c % 32];
                exact += term;
                size += std::abs(term);
            }
            ASSERT_TRUE(std::isfinite(exact)) << packing.dtype;
            EXPECT_NEAR(y[r], exact, 1e-6 * size) << packing.dtype << " row " << r;
        }
    }
}

// Beside the product in float64, and the same for however many tokens.
TEST(Matrix, FineProductsAreHundredTimesCloser) {
    constexpr size_t rows = 150, columns = 576, tokens = 11;
    ThreadPool pool(2);
    PackMemory memory;
    std::mt19937 bits(5);
    std::normal_distribution<float> normal;
    const DType* dtype = dtype_named("q8_0");
    std::vector<std::byte> data(rows * columns / 32 * dtype->block_bytes);
    for (std::byte& b : data) b = static_cast<std::byte>(bits() & 0x3F);
    Matrix matrix(
        Tensor{.name = "w", .dtype = dtype, .shape = {}, .values = rows * columns, .data = data},
        columns);
    testing::must(matrix.pack(pool, memory));
    std::vector<float> x(tokens * columns), scratch(matrix.scratch_floats()), row(columns);
    for (float& value : x) value = normal(bits);
    const size_t blocks = columns / pack_columns;
    std::vector<ActBlock> coarse(tokens * blocks), fine(2 * tokens * blocks);

    for (Isa isa : kernel_isas()) {
        const Kernels& kernels = kernels_of(isa);
        kernels.quantize_activations(x.data(), coarse.size(), coarse.data());
        for (size_t t = 0; t < tokens; t++)
            FineOperand::quantize(kernels, &x[t * columns], columns, &fine[2 * t * blocks]);
        std::vector<float> rough(tokens * rows), close(tokens * rows), alone(rows);
        matrix.multiply(kernels, Operand{x.data(), coarse.data()}, tokens, 0, rows, rough.data(),
                        rows, scratch.data());
        matrix.multiply(kernels, FineOperand{x.data(), fine.data()}, tokens, 0, rows, close.data(),
                        rows, scratch.data());
        double rough_error = 0, close_error = 0;
        for (size_t t = 0; t < tokens; t++) {
            matrix.multiply(kernels, FineOperand{&x[t * columns], &fine[2 * t * blocks]}, 1, 0,
                            rows, alone.data(), rows, scratch.data());
            for (size_t r = 0; r < rows; r++) {
                matrix.decode_row(r, row.data());
                double exact = 0;
                for (size_t c = 0; c < columns; c++)
                    exact += static_cast<double>(row[c]) * x[t * columns + c];
                rough_error += std::abs(rough[t * rows + r] - exact);
                close_error += std::abs(close[t * rows + r] - exact);
                ASSERT_EQ(alone[r], close[t * rows + r]) << isa_name(isa);
            }
        }
        EXPECT_LT(close_error, rough_error / 100) << isa_name(isa);
    }
}

// Memory that has no room for the rows changes no bit.
TEST(Matrix, RowsPackedWhenUsedGiveTheSame) {
    constexpr size_t rows = 150, columns = 512, tokens = 5;
    ThreadPool pool(2);
    std::mt19937 bits(7);
    std::normal_distribution<float> normal;
    std::vector<float> x(tokens * columns);
    for (float& value : x) value = normal(bits);
    const Kernels& kernels = kernels_of(kernel_isas().back());
    const size_t blocks = columns / pack_columns;
    std::vector<ActBlock> coarse(tokens * blocks), fine(2 * tokens * blocks);
    kernels.quantize_activations(x.data(), coarse.size(), coarse.data());
    for (size_t t = 0; t < tokens; t++)
        FineOperand::quantize(kernels, &x[t * columns], columns, &fine[2 * t * blocks]);

    for (const Packing& packing : packings()) {
        const DType* dtype = dtype_named(packing.dtype);
        std::vector<std::byte> data(rows * columns / dtype->block_values * dtype->block_bytes);
        for (std::byte& b : data) b = static_cast<std::byte>(bits() & 0x3F);
        Tensor tensor{
            .name = "w", .dtype = dtype, .shape = {}, .values = rows * columns, .data = data};
        auto products = [&](PackMemory memory) {
            Matrix matrix(tensor, columns);
            testing::must(matrix.pack(pool, memory));
            EXPECT_EQ(memory.streamed_bytes() > 0, memory.held_bytes() == 0);
            std::vector<float> scratch(matrix.scratch_floats()), y(2 * tokens * rows);
            // In two parts, as two workers would.
            for (auto [begin, end] : {std::pair<size_t, size_t>{0, 64}, {64, rows}}) {
                matrix.multiply(kernels, Operand{x.data(), coarse.data()}, tokens, begin, end,
                                y.data(), rows, scratch.data());
                matrix.multiply(kernels, FineOperand{x.data(), fine.data()}, tokens, begin, end,
                                y.data() + tokens * rows, rows, scratch.data());
            }
            return y;
        };
        EXPECT_EQ(products(PackMemory()), products(PackMemory(1000))) << packing.dtype;
    }
}

}  // namespace
}  // namespace linnet
