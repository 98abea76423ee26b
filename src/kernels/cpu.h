// What this processor can do, and which set of kernels that selects. The choice is made once, at
// start, by whoever wires the program; a user may force a lower set by name (LINNET_ISA).
// Freestanding: no dependency, no allocation.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace linnet {

enum class CpuFeature : uint8_t {
    // x86-64; each counts only where the operating system saves its registers too
    Sse42,
    Avx2,
    Fma,
    F16c,
    AvxVnni,
    Avx512F,
    Avx512Bw,
    Avx512Dq,
    Avx512Vl,
    Avx512Vnni,
    Avx512Bf16,
    Avx512Vbmi,
    AmxTile,
    AmxInt8,
    AmxBf16,
    // AArch64
    Neon,
    Dotprod,
    I8mm,
    ArmBf16,
    Sve2,
    // RISC-V
    Rvv,
};
inline constexpr int cpu_feature_count = static_cast<int>(CpuFeature::Rvv) + 1;

std::string_view cpu_feature_name(CpuFeature feature);  // "avx512_vnni", as Linux spells it

class CpuFeatures {
  public:
    constexpr CpuFeatures() = default;
    template <class... More>
    constexpr explicit CpuFeatures(CpuFeature first, More... more) {
        add(first);
        (add(more), ...);
    }
    constexpr void add(CpuFeature feature) { bits_ |= bit(feature); }
    constexpr bool has(CpuFeature feature) const { return (bits_ & bit(feature)) != 0; }
    constexpr bool has_all(CpuFeatures others) const {
        return (bits_ & others.bits_) == others.bits_;
    }
    constexpr bool operator==(const CpuFeatures&) const = default;

    friend constexpr CpuFeatures operator|(CpuFeatures a, CpuFeatures b) {
        a.bits_ |= b.bits_;
        return a;
    }

  private:
    static constexpr uint32_t bit(CpuFeature feature) {
        return uint32_t{1} << static_cast<int>(feature);
    }
    uint32_t bits_ = 0;
};

// Of the processor we run on. On a machine with unlike cores the kernel reports what all have.
CpuFeatures cpu_features();

// Sets of kernels, from the least to the most capable within one architecture. Each set may use all
// that its row `needs`, and no more.
enum class Isa : uint8_t {
    Scalar,
    Sse42,
    Avx2,
    AvxVnni,
    Avx512,
    Avx512Vnni,
    Avx512Bf16,
    Amx,
    Neon,
    Dotprod,
    I8mm,
    Sve2,
    Rvv,
};

struct IsaRow {
    Isa isa;
    std::string_view name;  // "avx512_vnni": what LINNET_ISA takes
    CpuFeatures needs;
    std::string_view what;  // the first processors that have it
};

std::span<const IsaRow> isa_table();
const IsaRow& isa_row(Isa isa);
std::string_view isa_name(Isa isa);
std::optional<Isa> parse_isa(std::string_view name);

bool runs_on(Isa isa, CpuFeatures features);
Isa best_isa(CpuFeatures features);

// Asks the operating system for what a set needs beyond instructions: AMX tiles must be allowed
// once per process, before its kernels run. False where it refuses; use the next lower set then.
bool enable_isa(Isa isa);

// What the instructions answered, taken apart from asking, so that other machines can be tested.
struct X86Answers {
    uint32_t leaf1_ecx = 0;
    uint32_t leaf7_ebx = 0, leaf7_ecx = 0, leaf7_edx = 0;
    uint32_t leaf7_1_eax = 0;
    uint64_t xcr0 = 0;  // which registers the operating system saves; 0 without OSXSAVE
};
CpuFeatures features_of(const X86Answers& answers);
CpuFeatures features_of_aarch64(uint64_t hwcap, uint64_t hwcap2);

}  // namespace linnet
