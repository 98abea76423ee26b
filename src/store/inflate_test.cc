#include "store/inflate.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/rng.h"
#include "store/testing/archive.h"

namespace linnet {
namespace {

constexpr uint64_t no_bound = ~uint64_t{0};

// Text with repeats near and far, so that a window is really needed.
std::string content_of(size_t bytes, uint64_t seed) {
    Rng rng(seed);
    std::string out;
    while (out.size() < bytes) {
        size_t far = out.size() > 100 ? rng.below(std::min<size_t>(out.size(), 30'000)) : 0;
        if (far > 60 && rng.below(2) == 0)
            out += out.substr(out.size() - far, 50);
        else
            for (int i = 0; i < 20; i++) out += static_cast<char>('a' + rng.below(26));
    }
    out.resize(bytes);
    return out;
}

struct Unpacked {
    std::string text;
    std::vector<Inflater::Place> boundaries;
    bool done = false;
};
Result<Unpacked> unpack(Inflater inflater, std::string_view packed, size_t piece,
                        uint64_t bytes_max = no_bound) {
    Unpacked out;
    auto take = [&](Bytes bytes) -> Result<> {
        out.text += as_text(bytes);
        return Done{};
    };
    auto boundary = [&](const Inflater::Place& place) -> Result<> {
        out.boundaries.push_back(place);
        return Done{};
    };
    for (; !packed.empty(); packed.remove_prefix(std::min(piece, packed.size())))
        TRY(inflater.feed(as_bytes(packed.substr(0, piece)), take, boundary, bytes_max));
    out.done = inflater.done();
    return out;
}

RC_GTEST_PROP(Inflater, GoesOnFromEveryBoundary, (uint64_t seed)) {
    Rng rng(seed);
    std::string content = content_of(1000 + rng.below(200'000), seed);
    auto level = static_cast<int>(rng.below(10));
    std::string packed = testing::deflate_raw(content, level, 1 + rng.below(40'000));
    size_t piece = 1 + rng.below(5000);
    Unpacked whole = *unpack(Inflater(), packed, piece);
    RC_ASSERT(whole.done);
    RC_ASSERT(whole.text == content);
    for (const Inflater::Place& place : whole.boundaries) {
        std::byte last = place.in > 0 ? static_cast<std::byte>(packed[place.in - 1]) : std::byte{0};
        auto resumed = Inflater::resume(place, last, as_bytes(content.substr(0, place.out)));
        RC_ASSERT(bool(resumed));
        auto rest = unpack(std::move(*resumed), std::string_view(packed).substr(place.in), piece);
        RC_ASSERT(bool(rest));
        RC_ASSERT(rest->done);
        RC_ASSERT(rest->text == content.substr(place.out));
    }
}

TEST(Inflater, Bounds) {
    std::string zeros(10'000'000, '\0');
    std::string packed = testing::deflate_raw(zeros);
    EXPECT_LT(packed.size(), 20'000u);
    auto bomb = unpack(Inflater(), packed, 100, 1'000'000);
    ASSERT_FALSE(bomb);
    EXPECT_EQ(bomb.error().code, Code::BadInput);
    EXPECT_EQ(unpack(Inflater(), packed, 100, zeros.size())->text, zeros);
    EXPECT_FALSE(unpack(Inflater(), packed, 100, zeros.size() - 1));
    EXPECT_FALSE(unpack(Inflater(), packed + "x", 100));
    EXPECT_FALSE(unpack(Inflater(), packed.substr(0, 50), 100)->done);
    EXPECT_EQ(unpack(Inflater(), testing::deflate_raw(""), 100)->done, true);
    EXPECT_FALSE(unpack(Inflater(), std::string(100, '\xFF'), 10));
}

TEST(Inflater, RefusesAPlaceThatCannotBe) {
    EXPECT_FALSE(Inflater::resume({.in = 0, .bits = 3, .out = 0}, std::byte{0}, {}));
    EXPECT_FALSE(Inflater::resume({.in = 5, .bits = 8, .out = 0}, std::byte{0}, {}));
    EXPECT_FALSE(
        Inflater::resume({.in = 5, .bits = 0, .out = 10}, std::byte{0}, as_bytes("short")));
}

TEST(Crc32, KnownAnswer) {
    EXPECT_EQ(crc32_of(0, as_bytes("123456789")), 0xCBF43926u);
    EXPECT_EQ(crc32_of(crc32_of(0, as_bytes("1234")), as_bytes("56789")), 0xCBF43926u);
}

}  // namespace
}  // namespace linnet
