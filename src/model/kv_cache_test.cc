#include "model/kv_cache.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "base/testing/result.h"
#include "kernels/select.h"
#include "model/kv_reader.h"

namespace linnet {
namespace {

constexpr size_t heads = 2, head_dim = 24, slots = 2 * KvCache::page_tokens;

// Scores and mixtures against plain sums over what was stored, within what the numbers can hold.
class EachType : public ::testing::TestWithParam<KvType> {};

TEST_P(EachType, ScoresAndMixturesAreTheSums) {
    const Kernels& kernels = kernels_of(kernel_isas().back());
    auto cache = testing::must(KvCache::make({{heads, head_dim}, {1, 8}}, 3, GetParam()));
    const double tolerance = GetParam() == KvType::F32   ? 1e-5
                             : GetParam() == KvType::F16 ? 2e-3
                             : GetParam() == KvType::I16 ? 3e-4
                                                         : 2e-2;
    std::mt19937 bits(5);
    std::normal_distribution<float> normal;
    auto random = [&](size_t count) {
        std::vector<float> out(count);
        for (float& x : out) x = normal(bits);
        return out;
    };
    constexpr uint32_t pages[] = {2, 0};
    constexpr size_t head = 1, rows = 5, padded = KvCache::value_floats(head_dim);
    auto keys = random(slots * head_dim), values = random(slots * head_dim);
    for (size_t slot = 0; slot < slots; slot++) {
        const uint32_t page = pages[slot / KvCache::page_tokens];
        const size_t place = slot % KvCache::page_tokens;
        cache.store_key(kernels, 0, page, place, head, &keys[slot * head_dim]);
        cache.store_value(kernels, 0, page, place, head, &values[slot * head_dim]);
    }
    auto queries = random(rows * head_dim);
    std::vector<float> room(KvReader::room_floats(head_dim, rows));
    KvReader reader(kernels, cache, 0, head, rows, room.data());
    reader.ask(queries.data());
    constexpr size_t stride = KvReader::chunk_tokens;
    std::vector<float> scores(rows * stride);
    reader.score(pages, scores.data());
    for (size_t r = 0; r < rows; r++)
        for (size_t slot = 0; slot < slots; slot++) {
            double exact = 0;
            for (size_t d = 0; d < head_dim; d++)
                exact += static_cast<double>(queries[r * head_dim + d]) * keys[slot * head_dim + d];
            ASSERT_NEAR(scores[r * stride + slot], exact, tolerance * 10);
        }
    constexpr size_t some = slots - 13;
    std::vector<float> weights(rows * stride), mixed(rows * padded);
    for (size_t r = 0; r < rows; r++)
        for (size_t slot = 0; slot < some; slot++)
            weights[r * stride + slot] = std::fabs(normal(bits));
    reader.mix(pages, weights.data(), some, mixed.data(), padded);
    for (size_t r = 0; r < rows; r++)
        for (size_t d = 0; d < head_dim; d++) {
            double exact = 0;
            for (size_t slot = 0; slot < some; slot++)
                exact +=
                    static_cast<double>(weights[r * stride + slot]) * values[slot * head_dim + d];
            ASSERT_NEAR(mixed[r * padded + d], exact, tolerance * 30);
        }
}

INSTANTIATE_TEST_SUITE_P(Types, EachType,
                         ::testing::Values(KvType::F32, KvType::F16, KvType::I16, KvType::I8),
                         [](const auto& type) { return std::string(kv_type_name(type.param)); });

TEST(KvCache, TypesHaveNames) {
    for (KvType type : {KvType::F32, KvType::F16, KvType::I16, KvType::I8})
        EXPECT_EQ(parse_kv_type(kv_type_name(type)), type);
    EXPECT_FALSE(parse_kv_type("f8"));
    std::vector<KvShape> shape = {{4, 64}};
    EXPECT_LT(KvCache::bytes_per_page(shape, KvType::I8) * 9,
              KvCache::bytes_per_page(shape, KvType::F16) * 5);
}

TEST(KvCache, APageIsItsBytes) {
    const Kernels& kernels = kernels_of(kernel_isas().back());
    auto cache = testing::must(KvCache::make({{heads, head_dim}, {1, 7}}, 3, KvType::I16));
    const std::vector<float> row(head_dim, 0.5f);
    cache.store_key(kernels, 0, 1, 3, 1, row.data());
    cache.store_value(kernels, 1, 1, 31, 0, row.data());
    std::vector<std::byte> bytes(cache.page_bytes()), copy(cache.page_bytes());
    cache.read_page(1, bytes.data());
    EXPECT_TRUE(std::ranges::any_of(bytes, [](std::byte each) { return each != std::byte{0}; }));
    cache.read_page(2, copy.data());
    EXPECT_TRUE(std::ranges::all_of(copy, [](std::byte each) { return each == std::byte{0}; }));
    cache.write_page(2, bytes.data());
    cache.read_page(2, copy.data());
    EXPECT_EQ(copy, bytes);
}

}  // namespace
}  // namespace linnet
