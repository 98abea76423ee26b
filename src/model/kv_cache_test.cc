#include "model/kv_cache.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "base/testing/result.h"
#include "kernels/select.h"

namespace linnet {
namespace {

constexpr size_t heads = 2, head_dim = 24, slots = KvCache::page_tokens;

// Scores and mixtures against plain sums over what was stored, within what the numbers can hold.
class EachType : public ::testing::TestWithParam<KvType> {};

TEST_P(EachType, ScoresAndMixturesAreTheSums) {
    const Kernels& kernels = kernels_of(kernel_isas().back());
    auto cache = testing::must(KvCache::make({{heads, head_dim}, {1, 8}}, 3, GetParam()));
    const double tolerance = GetParam() == KvType::F32   ? 1e-5
                             : GetParam() == KvType::F16 ? 2e-3
                                                         : 2e-2;
    std::mt19937 bits(5);
    std::normal_distribution<float> normal;
    auto random = [&](size_t count) {
        std::vector<float> out(count);
        for (float& x : out) x = normal(bits);
        return out;
    };
    constexpr uint32_t page = 2;
    constexpr size_t head = 1, rows = 5, padded = KvCache::value_floats(head_dim);
    auto keys = random(slots * head_dim), values = random(slots * head_dim);
    for (size_t slot = 0; slot < slots; slot++) {
        cache.store_key(0, page, slot, head, &keys[slot * head_dim]);
        cache.store_value(kernels, 0, page, slot, head, &values[slot * head_dim]);
    }
    auto queries = random(rows * head_dim);
    std::vector<float> scores(rows * slots);
    cache.score(kernels, 0, page, head, queries.data(), rows, scores.data(), slots);
    for (size_t r = 0; r < rows; r++)
        for (size_t slot = 0; slot < slots; slot++) {
            double exact = 0;
            for (size_t d = 0; d < head_dim; d++)
                exact += static_cast<double>(queries[r * head_dim + d]) * keys[slot * head_dim + d];
            ASSERT_NEAR(scores[r * slots + slot], exact, tolerance * 10);
        }
    auto weights = random(rows * slots);
    std::vector<float> used = weights, mixed(rows * padded);
    constexpr size_t some = 19;
    cache.mix(kernels, 0, page, head, used.data(), slots, rows, some, mixed.data(), padded);
    for (size_t r = 0; r < rows; r++)
        for (size_t d = 0; d < head_dim; d++) {
            double exact = 0;
            for (size_t slot = 0; slot < some; slot++)
                exact +=
                    static_cast<double>(weights[r * slots + slot]) * values[slot * head_dim + d];
            ASSERT_NEAR(mixed[r * padded + d], exact, tolerance * 10);
        }
}

INSTANTIATE_TEST_SUITE_P(Types, EachType, ::testing::Values(KvType::F32, KvType::F16, KvType::I8),
                         [](const auto& type) { return std::string(kv_type_name(type.param)); });

TEST(KvCache, TypesHaveNames) {
    for (KvType type : {KvType::F32, KvType::F16, KvType::I8})
        EXPECT_EQ(parse_kv_type(kv_type_name(type)), type);
    EXPECT_FALSE(parse_kv_type("f8"));
    std::vector<KvShape> shape = {{4, 64}};
    EXPECT_LT(KvCache::bytes_per_page(shape, KvType::I8) * 9,
              KvCache::bytes_per_page(shape, KvType::F16) * 5);
}

}  // namespace
}  // namespace linnet
