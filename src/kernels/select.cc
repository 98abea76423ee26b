#include "kernels/select.h"

namespace linnet {

namespace scalar {
extern const Kernels table;
}
namespace sse42 {
extern const Kernels table;
}
namespace avx2 {
extern const Kernels table;
}
namespace avx_vnni {
extern const Kernels table;
}
namespace avx512 {
extern const Kernels table;
}
namespace avx512_vnni {
extern const Kernels table;
}

namespace {

struct Set {
    Isa isa;
    const Kernels* kernels;
};

// From the least to the best, as the enum has them.
constexpr Set sets[] = {
    {Isa::Scalar, &scalar::table},
#if defined(__x86_64__)
    {Isa::Sse42, &sse42::table},
    {Isa::Avx2, &avx2::table},
    {Isa::AvxVnni, &avx_vnni::table},
    {Isa::Avx512, &avx512::table},
    {Isa::Avx512Vnni, &avx512_vnni::table},
#endif
};

}  // namespace

std::span<const Isa> kernel_isas() {
    static const struct Runnable {
        Isa isas[std::size(sets)];
        size_t count = 0;
        Runnable() {
            CpuFeatures features = cpu_features();
            for (const Set& set : sets)
                if (runs_on(set.isa, features)) isas[count++] = set.isa;
        }
    } runnable;
    return {runnable.isas, runnable.count};
}

const Kernels& kernels_of(Isa isa) {
    const Kernels* best = sets[0].kernels;
    for (const Set& set : sets)
        if (set.isa <= isa) best = set.kernels;
    return *best;
}

}  // namespace linnet
