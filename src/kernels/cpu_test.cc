#include "kernels/cpu.h"

#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>
#include <string>

namespace linnet {
namespace {

using enum CpuFeature;

TEST(Cpu, TableIsInTheOrderOfTheEnum) {
    int at = 0;
    for (const IsaRow& row : isa_table()) {
        EXPECT_EQ(static_cast<int>(row.isa), at++);
        EXPECT_EQ(parse_isa(row.name), row.isa);
        EXPECT_EQ(isa_name(row.isa), row.name);
    }
    EXPECT_EQ(at, static_cast<int>(Isa::Rvv) + 1);
    EXPECT_EQ(parse_isa("AVX2"), std::nullopt);
    EXPECT_EQ(parse_isa(""), std::nullopt);
}

TEST(Cpu, FeatureNamesAreUnique) {
    std::set<std::string_view> names;
    for (int i = 0; i < cpu_feature_count; i++) {
        std::string_view name = cpu_feature_name(static_cast<CpuFeature>(i));
        EXPECT_FALSE(name.empty());
        EXPECT_TRUE(names.insert(name).second) << name;
    }
}

// A higher set of one architecture needs all that the lower needs, so that forcing a lower set
// always works. AVX-VNNI stands beside AVX-512, not under it.
TEST(Cpu, SetsNest) {
    for (const IsaRow& low : isa_table())
        for (const IsaRow& high : isa_table()) {
            bool x86 = high.isa <= Isa::Amx && low.isa != Isa::AvxVnni;
            bool arm = low.isa >= Isa::Neon && high.isa <= Isa::Sve2;
            if (low.isa >= high.isa || !(x86 || arm)) continue;
            EXPECT_TRUE(high.needs.has_all(low.needs)) << low.name << " under " << high.name;
        }
}

TEST(Cpu, ChoosesTheHighestThatRuns) {
    EXPECT_EQ(best_isa({}), Isa::Scalar);
    EXPECT_EQ(best_isa(CpuFeatures(Avx2)), Isa::Scalar) << "AVX2 without FMA is no set";
    for (const IsaRow& row : isa_table()) {
        EXPECT_EQ(best_isa(row.needs), row.isa) << row.name;
        EXPECT_TRUE(runs_on(row.isa, row.needs));
    }
    EXPECT_FALSE(runs_on(Isa::Amx, isa_row(Isa::Avx512Bf16).needs));
}

// Answers of a Sapphire Rapids, and what is left of them as the operating system saves less.
TEST(Cpu, CountsOnlyRegistersThatTheSystemSaves) {
    X86Answers all;
    all.leaf1_ecx = 1u << 20 | 1u << 12 | 1u << 29 | 1u << 27;
    all.leaf7_ebx = 1u << 5 | 1u << 16 | 1u << 17 | 1u << 30 | 1u << 31;
    all.leaf7_ecx = 1u << 1 | 1u << 11;
    all.leaf7_edx = 1u << 22 | 1u << 24 | 1u << 25;
    all.leaf7_1_eax = 1u << 4 | 1u << 5;
    auto best_with = [&](uint64_t xcr0) {
        all.xcr0 = xcr0;
        return best_isa(features_of(all));
    };
    EXPECT_EQ(best_with(0x600E7), Isa::Amx);
    EXPECT_EQ(best_with(0x200E7), Isa::Avx512Bf16) << "tile configuration without tile data";
    EXPECT_EQ(best_with(0xE7), Isa::Avx512Bf16);
    EXPECT_EQ(best_with(0x67), Isa::AvxVnni) << "without the upper sixteen registers";
    EXPECT_EQ(best_with(0x7), Isa::AvxVnni);
    EXPECT_EQ(best_with(0x3), Isa::Sse42);
    EXPECT_EQ(best_with(0), Isa::Sse42);
}

TEST(Cpu, ReadsArmHwcaps) {
    EXPECT_EQ(best_isa(features_of_aarch64(0, 0)), Isa::Scalar);
    EXPECT_EQ(best_isa(features_of_aarch64(0xFF, 0)), Isa::Neon);  // Raspberry Pi 4
    EXPECT_EQ(best_isa(features_of_aarch64(0x1001F, 0)), Isa::Neon);
    EXPECT_EQ(best_isa(features_of_aarch64(0x119FFF, 0)), Isa::Dotprod);  // Raspberry Pi 5
    EXPECT_EQ(best_isa(features_of_aarch64(0xEFFFFFFF, 0x2000)), Isa::I8mm);
    EXPECT_EQ(best_isa(features_of_aarch64(0xEFFFFFFF, 0x6002)), Isa::Sve2);
}

#if defined(__x86_64__) && defined(__linux__)
// The kernel decodes the same answers by its own code.
TEST(Cpu, AgreesWithTheKernel) {
    std::ifstream file("/proc/cpuinfo");
    std::set<std::string> flags;
    for (std::string line; std::getline(file, line);) {
        if (!line.starts_with("flags")) continue;
        std::istringstream words(line.substr(line.find(':') + 1));
        for (std::string word; words >> word;) flags.insert(word);
        break;
    }
    if (flags.empty()) GTEST_SKIP() << "/proc/cpuinfo has no flags";
    CpuFeatures features = cpu_features();
    for (int i = 0; i <= static_cast<int>(AmxBf16); i++) {
        auto feature = static_cast<CpuFeature>(i);
        std::string name(cpu_feature_name(feature));
        EXPECT_EQ(features.has(feature), flags.contains(name)) << name;
    }
}
#endif

TEST(Cpu, EnablesWhatItChooses) {
    // Only tiles can be refused (an old kernel, a seccomp filter).
    for (const IsaRow& row : isa_table())
        if (row.isa != Isa::Amx) {
            EXPECT_TRUE(enable_isa(row.isa)) << row.name;
        }
}

}  // namespace
}  // namespace linnet
