#include "kernels/cpu.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif
#if defined(__linux__)
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace linnet {
namespace {

using enum CpuFeature;

constexpr std::string_view feature_names[cpu_feature_count] = {
    "sse4_2",   "avx2",     "fma",         "f16c",        "avx_vnni",   "avx512f",  "avx512bw",
    "avx512dq", "avx512vl", "avx512_vnni", "avx512_bf16", "avx512vbmi", "amx_tile", "amx_int8",
    "amx_bf16", "asimd",    "asimddp",     "i8mm",        "bf16",       "sve2",     "v",
};

constexpr CpuFeatures avx2(Sse42, Avx2, Fma, F16c);
constexpr CpuFeatures avx512 = avx2 | CpuFeatures(Avx512F, Avx512Bw, Avx512Dq, Avx512Vl);
constexpr CpuFeatures avx512_vnni = avx512 | CpuFeatures(Avx512Vnni);
constexpr CpuFeatures avx512_bf16 = avx512_vnni | CpuFeatures(Avx512Bf16, Avx512Vbmi);
constexpr CpuFeatures neon(Neon);
constexpr CpuFeatures dotprod = neon | CpuFeatures(Dotprod);
constexpr CpuFeatures i8mm = dotprod | CpuFeatures(I8mm);

constexpr IsaRow rows[] = {
    {Isa::Scalar, "scalar", {}, "any processor"},
    {Isa::Sse42, "sse42", CpuFeatures(Sse42), "Intel Nehalem 2008, AMD Bulldozer 2011"},
    {Isa::Avx2, "avx2", avx2, "Intel Haswell 2013, AMD Excavator 2015"},
    {Isa::AvxVnni, "avx_vnni", avx2 | CpuFeatures(AvxVnni), "Intel Alder Lake 2021, AMD Zen 5"},
    {Isa::Avx512, "avx512", avx512, "Intel Skylake-X 2017"},
    {Isa::Avx512Vnni, "avx512_vnni", avx512_vnni, "Intel Cascade Lake 2019, Ice Lake"},
    {Isa::Avx512Bf16, "avx512_bf16", avx512_bf16, "AMD Zen 4 2022, Intel Sapphire Rapids"},
    {Isa::Amx, "amx", avx512_bf16 | CpuFeatures(AmxTile, AmxInt8, AmxBf16),
     "Intel Sapphire Rapids 2023"},
    {Isa::Neon, "neon", neon, "Cortex-A53, A72 (Raspberry Pi 3 and 4)"},
    {Isa::Dotprod, "dotprod", dotprod, "Cortex-A76 (Raspberry Pi 5), Neoverse N1"},
    {Isa::I8mm, "i8mm", i8mm, "Cortex-A510, A710, Neoverse V1"},
    {Isa::Sve2, "sve2", i8mm | CpuFeatures(Sve2), "Cortex-X2, Neoverse N2, V2"},
    {Isa::Rvv, "rvv", CpuFeatures(Rvv), "RISC-V with vectors 1.0 (SpacemiT K1)"},
};

constexpr bool bit_of(uint64_t word, int bit) {
    return ((word >> bit) & 1) != 0;
}

}  // namespace

std::string_view cpu_feature_name(CpuFeature feature) {
    return feature_names[static_cast<int>(feature)];
}

std::span<const IsaRow> isa_table() {
    return rows;
}

const IsaRow& isa_row(Isa isa) {
    return rows[static_cast<int>(isa)];
}

std::string_view isa_name(Isa isa) {
    return isa_row(isa).name;
}

std::optional<Isa> parse_isa(std::string_view name) {
    for (const IsaRow& row : rows)
        if (row.name == name) return row.isa;
    return std::nullopt;
}

bool runs_on(Isa isa, CpuFeatures features) {
    return features.has_all(isa_row(isa).needs);
}

Isa best_isa(CpuFeatures features) {
    Isa best = Isa::Scalar;
    for (const IsaRow& row : rows)
        if (features.has_all(row.needs)) best = row.isa;
    return best;
}

// Bit numbers: Intel SDM volume 2A, CPUID.
CpuFeatures features_of(const X86Answers& answers) {
    constexpr uint64_t ymm = 0x6, zmm = 0xE6, tiles = 0x60000;  // XCR0: volume 1, 13.3
    CpuFeatures features;
    auto add_if = [&](bool is, CpuFeature feature) {
        if (is) features.add(feature);
    };
    add_if(bit_of(answers.leaf1_ecx, 20), Sse42);
    if ((answers.xcr0 & ymm) == ymm) {
        add_if(bit_of(answers.leaf1_ecx, 12), Fma);
        add_if(bit_of(answers.leaf1_ecx, 29), F16c);
        add_if(bit_of(answers.leaf7_ebx, 5), Avx2);
        add_if(bit_of(answers.leaf7_1_eax, 4), AvxVnni);
    }
    if ((answers.xcr0 & zmm) == zmm) {
        add_if(bit_of(answers.leaf7_ebx, 16), Avx512F);
        add_if(bit_of(answers.leaf7_ebx, 17), Avx512Dq);
        add_if(bit_of(answers.leaf7_ebx, 30), Avx512Bw);
        add_if(bit_of(answers.leaf7_ebx, 31), Avx512Vl);
        add_if(bit_of(answers.leaf7_ecx, 1), Avx512Vbmi);
        add_if(bit_of(answers.leaf7_ecx, 11), Avx512Vnni);
        add_if(bit_of(answers.leaf7_1_eax, 5), Avx512Bf16);
    }
    if ((answers.xcr0 & tiles) == tiles) {
        add_if(bit_of(answers.leaf7_edx, 22), AmxBf16);
        add_if(bit_of(answers.leaf7_edx, 24), AmxTile);
        add_if(bit_of(answers.leaf7_edx, 25), AmxInt8);
    }
    return features;
}

// Bit numbers: Linux, arch/arm64/include/uapi/asm/hwcap.h.
CpuFeatures features_of_aarch64(uint64_t hwcap, uint64_t hwcap2) {
    CpuFeatures features;
    if (bit_of(hwcap, 1)) features.add(Neon);
    if (bit_of(hwcap, 20)) features.add(Dotprod);
    if (bit_of(hwcap2, 1)) features.add(Sve2);
    if (bit_of(hwcap2, 13)) features.add(I8mm);
    if (bit_of(hwcap2, 14)) features.add(ArmBf16);
    return features;
}

#if defined(__x86_64__)

CpuFeatures cpu_features() {
    X86Answers answers;
    uint32_t eax = 0, ebx = 0, ecx = 0, edx = 0;
    if (__get_cpuid(1, &eax, &ebx, &ecx, &edx)) answers.leaf1_ecx = ecx;
    if (bit_of(answers.leaf1_ecx, 27)) {  // OSXSAVE: XGETBV may be asked
        uint32_t low = 0, high = 0;
        asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
        answers.xcr0 = uint64_t{high} << 32 | low;
    }
    if (__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx)) {
        answers.leaf7_ebx = ebx;
        answers.leaf7_ecx = ecx;
        answers.leaf7_edx = edx;
        // EAX of leaf 7 is the number of its highest subleaf.
        if (eax >= 1 && __get_cpuid_count(7, 1, &eax, &ebx, &ecx, &edx)) answers.leaf7_1_eax = eax;
    }
    return features_of(answers);
}

#elif defined(__aarch64__) && defined(__linux__)

CpuFeatures cpu_features() {
    return features_of_aarch64(::getauxval(AT_HWCAP), ::getauxval(AT_HWCAP2));
}

#elif defined(__riscv) && defined(__linux__)

CpuFeatures cpu_features() {
    struct {
        int64_t key;
        uint64_t value;
    } probe{4, 0};  // RISCV_HWPROBE_KEY_IMA_EXT_0
    constexpr long riscv_hwprobe = 258;
    // Kernels before 6.4 have no such call; their hwcap tells, on vendor kernels also of 0.7
    // vectors.
    bool asked = ::syscall(riscv_hwprobe, &probe, 1, 0, nullptr, 0) == 0 && probe.key == 4;
    bool vectors = asked ? bit_of(probe.value, 2) : bit_of(::getauxval(AT_HWCAP), 'V' - 'A');
    return vectors ? CpuFeatures(Rvv) : CpuFeatures();
}

#else

CpuFeatures cpu_features() {
    return {};
}

#endif

bool enable_isa(Isa isa) {
    if (isa != Isa::Amx) return true;
#if defined(__x86_64__) && defined(__linux__)
    constexpr int request_permission = 0x1023, tile_data = 18;  // ARCH_REQ_XCOMP_PERM
    return ::syscall(SYS_arch_prctl, request_permission, tile_data) == 0;
#else
    return false;
#endif
}

}  // namespace linnet
