// The table of an instruction set, from the loops included before.
constexpr Kernels make_table(const char* name) {
    return {
        .name = name,
        .matmul_f32 = matmul_f32,
        .matmul_f16 = matmul_f16,
        .matmul_bf16 = matmul_bf16,
        .dot_f32 = dot_f32,
        .sum_squares_f32 = sum_squares_f32,
        .sum_f32 = sum_f32,
        .add_scaled_f32 = add_scaled_f32,
        .accumulate_f32 = accumulate_f32,
        .accumulate_f16 = accumulate_f16,
        .accumulate_i8 = accumulate_i8,
        .scale_f32 = scale_f32,
        .exp_sum_f32 = exp_sum_f32,
        .max_f32 = max_f32,
        .soft_cap_f32 = soft_cap_f32,
        .silu_mul_f32 = silu_mul_f32,
        .gelu_mul_f32 = gelu_mul_f32,
        .gelu_erf_mul_f32 = gelu_erf_mul_f32,
        .float_to_half = float_to_half,
        .matmul_packed = matmul_packed,
        .quantize_activations = quantize_activations,
        .byte_products = byte_products,
        .products_per_round = peak_products,
    };
}
