// Runs one kernel on fixed data, for bench/count_instructions: LINNET_ISA=avx2 kernel_work NAME.
// Without a name it lists those that there are. Only what happens inside measured() is counted.
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string_view>
#include <vector>

#include "base/rng.h"
#include "kernels/packed.h"
#include "kernels/select.h"

namespace linnet {
namespace {

constexpr size_t rows = 64, columns = 1024, blocks = columns / pack_columns;

std::vector<float> floats(size_t count) {
    Rng rng(count);
    std::vector<float> out(count);
    for (float& value : out) value = static_cast<float>(rng.uniform() * 2 - 1);
    return out;
}

struct Work {
    std::string_view name;
    std::function<void(const Kernels&)> (*prepare)();
};

template <size_t tokens>
std::function<void(const Kernels&)> matmul_f32() {
    return [w = floats(rows * columns), x = floats(tokens * columns),
            y = std::vector<float>(tokens * rows)](const Kernels& k) mutable {
        k.matmul_f32(w.data(), rows, columns, x.data(), columns, tokens, y.data(), rows);
    };
}

// Weights of any bytes but sane scales; activations as the program makes them.
template <size_t packing, size_t tokens>
std::function<void(const Kernels&)> matmul_packed() {
    const Packing& row = packings()[packing];
    std::vector<std::byte> groups(row.layout.group_bytes(blocks) * (rows / pack_rows));
    Rng rng(1);
    for (std::byte& each : groups) each = static_cast<std::byte>(rng.next() & 0x3B);
    std::vector<ActBlock> x(tokens * blocks);
    for (ActBlock& block : x) {
        block = {.q = {}, .scale = 0.01f, .sum = 0, .q_sum = 0, .q_sum_low = 0};
        for (int8_t& q : block.q) block.q_sum += q = static_cast<int8_t>(rng.below(255)) / 2;
    }
    return [&row, groups, x, y = std::vector<float>(tokens * rows)](const Kernels& k) mutable {
        k.matmul_packed(row.layout, groups.data(), rows, blocks, x.data(), tokens, y.data(), rows);
    };
}

std::function<void(const Kernels&)> quantize() {
    return [x = floats(columns), out = std::vector<ActBlock>(blocks)](const Kernels& k) mutable {
        k.quantize_activations(x.data(), blocks, out.data());
    };
}

// A page of keys or values, for three query heads.
std::function<void(const Kernels&)> attend(size_t depth, size_t width) {
    return [depth, width, a = std::vector<int16_t>(3 * depth, 100),
            b = std::vector<int16_t>(depth * width, 100),
            out = std::vector<int32_t>(3 * width)](const Kernels& k) mutable {
        k.accumulate_i16(a.data(), depth, 3, b.data(), depth, width, out.data(), width);
    };
}
std::function<void(const Kernels&)> attention_scores() {
    return attend(64, 32);
}
std::function<void(const Kernels&)> attention_values() {
    return attend(32, 64);
}

std::function<void(const Kernels&)> softmax() {
    return [x = floats(columns)](const Kernels& k) mutable {
        k.exp_sum_f32(x.data(), k.max_f32(x.data(), columns), columns);
    };
}

std::function<void(const Kernels&)> norm() {
    return [x = floats(columns), out = std::vector<float>(columns)](const Kernels& k) mutable {
        k.scale_f32(x.data(), k.sum_squares_f32(x.data(), columns), x.data(), out.data(), columns);
    };
}

template <auto activation>
std::function<void(const Kernels&)> activate() {
    return [x = floats(columns), out = std::vector<float>(columns)](const Kernels& k) mutable {
        (k.*activation)(x.data(), x.data(), out.data(), columns);
    };
}

std::function<void(const Kernels&)> halves() {
    return [x = floats(columns), half = std::vector<uint16_t>(columns)](const Kernels& k) mutable {
        k.float_to_half(x.data(), half.data(), columns);
    };
}

constexpr Work works[] = {
    {"matmul_f32_1", matmul_f32<1>},
    {"matmul_f32_8", matmul_f32<8>},
    {"matmul_q4_0_1", matmul_packed<0, 1>},
    {"matmul_q4_0_8", matmul_packed<0, 8>},
    {"matmul_q4_1_1", matmul_packed<1, 1>},
    {"matmul_q5_0_1", matmul_packed<2, 1>},
    {"matmul_q5_1_1", matmul_packed<3, 1>},
    {"matmul_q8_0_1", matmul_packed<4, 1>},
    {"matmul_q8_0_8", matmul_packed<4, 8>},
    {"matmul_q4_k_1", matmul_packed<9, 1>},
    {"matmul_q6_k_1", matmul_packed<11, 1>},
    {"quantize_activations", quantize},
    {"attention_scores", attention_scores},
    {"attention_values", attention_values},
    {"softmax", softmax},
    {"norm", norm},
    {"silu", activate<&Kernels::silu_mul_f32>},
    {"gelu", activate<&Kernels::gelu_mul_f32>},
    {"halves", halves},
};

}  // namespace

// What callgrind looks for by name.
extern "C" [[gnu::noinline]] void measured(const std::function<void(const Kernels&)>& body,
                                           const Kernels& kernels) {
    body(kernels);
    asm volatile("");  // no tail call: the end of this function is seen
}

}  // namespace linnet

int main(int argc, char** argv) {
    using namespace linnet;
    const char* forced = std::getenv("LINNET_ISA");
    auto isa = forced ? parse_isa(forced) : std::optional(kernel_isas().back());
    if (!isa || !runs_on(*isa, cpu_features())) {
        std::fprintf(stderr, "kernel_work: this processor has no '%s'\n", forced ? forced : "");
        return 2;
    }
    if (argc < 2) {
        for (const Work& work : works)
            std::printf("%.*s\n", static_cast<int>(work.name.size()), work.name.data());
        return 0;
    }
    for (const Work& work : works)
        if (work.name == argv[1]) {
            auto body = work.prepare();
            measured(body, kernels_of(*isa));
            return 0;
        }
    std::fprintf(stderr, "kernel_work: there is no kernel '%s'\n", argv[1]);
    return 2;
}
