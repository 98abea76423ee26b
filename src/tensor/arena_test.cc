#include "tensor/arena.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <vector>

namespace linnet {
namespace {

Arena arena_of(uint64_t bytes) {
    Result<Arena> made = Arena::make(bytes, "the test");
    check(static_cast<bool>(made), "memory for the test");
    return std::move(*made);
}

// Pieces are aligned, zeroed, apart from each other, and inside: a sanitizer or the processor
// stops a write that is not.
RC_GTEST_PROP(Arena, HandsOutPiecesThatAreApart, ()) {
    auto counts = *rc::gen::container<std::vector<uint64_t>>(rc::gen::inRange<uint64_t>(0, 5000));
    uint64_t planned = 0;
    for (uint64_t count : counts) planned += *Arena::room_for<float>(count);
    Arena arena = arena_of(planned);
    RC_ASSERT(arena.capacity() >= planned);

    std::vector<std::span<float>> pieces;
    for (uint64_t count : counts) {
        pieces.push_back(arena.take<float>(count));
        std::span<float> piece = pieces.back();
        RC_ASSERT(piece.size() == count);
        RC_ASSERT(reinterpret_cast<uintptr_t>(piece.data()) % Arena::alignment == 0);
        RC_ASSERT(std::ranges::all_of(piece, [](float value) { return value == 0; }));
        std::ranges::fill(piece, static_cast<float>(pieces.size()));
    }
    RC_ASSERT(arena.used() == planned);
    for (size_t i = 0; i < pieces.size(); i++)
        RC_ASSERT(std::ranges::all_of(
            pieces[i], [&](float value) { return value == static_cast<float>(i + 1); }));
}

TEST(Arena, GivesBackAndRemembersTheMost) {
    Arena arena = arena_of(1 << 12);
    arena.take<double>(8);
    uint64_t mark = arena.used();
    std::byte* first = arena.take<std::byte>(1000).data();
    arena.rewind(mark);
    EXPECT_EQ(arena.take<std::byte>(1).data(), first);
    EXPECT_EQ(arena.used(), 128u);
    EXPECT_EQ(arena.high_water(), 64u + 1024u);
}

TEST(Arena, IsLargeAndWhole) {
    for (uint64_t bytes :
         {uint64_t{1}, uint64_t{4097}, uint64_t{2} << 20, (uint64_t{5} << 20) + 1}) {
        Arena arena = arena_of(bytes);
        std::span<std::byte> all = arena.take<std::byte>(bytes);
        all.front() = all.back() = std::byte{1};
        EXPECT_GE(arena.capacity(), bytes);
        Arena moved = std::move(arena);
        EXPECT_EQ(moved.take<std::byte>(0).data(), all.data() + moved.used());
    }
}

TEST(Arena, RefusesWhatCannotBe) {
    for (uint64_t bytes : {~uint64_t{0}, uint64_t{1} << 60, uint64_t{1} << 47}) {
        Result<Arena> made = Arena::make(bytes, "the KV cache");
        ASSERT_FALSE(made);
        EXPECT_EQ(made.error().code, Code::NoFit);
        EXPECT_NE(made.error().what.find("the KV cache"), std::string::npos);
    }
    EXPECT_EQ(arena_of(0).capacity(), 0u);
}

TEST(ArenaDeathTest, StopsAPlanThatWasTooSmall) {
    Arena arena = arena_of(100);
    EXPECT_DEATH(arena.take<double>(1 << 20), "as large as its plan");
    EXPECT_DEATH(arena.take<double>(~uint64_t{0}), "as large as its plan");
    EXPECT_DEATH(arena.rewind(1), "was taken");
}

}  // namespace
}  // namespace linnet
