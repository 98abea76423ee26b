#include "engine/snapshots.h"

#include <gtest/gtest.h>

namespace linnet {
namespace {

using Tokens = std::vector<int32_t>;

TEST(Snapshots, RestoresTheLongestBeginning) {
    Snapshots snapshots(8);
    std::vector<float> state = {0, 0};
    EXPECT_EQ(snapshots.restore(Tokens{1, 2, 3}, state), 0u);
    EXPECT_EQ(state, (std::vector<float>{0, 0}));
    snapshots.remember(Tokens{1, 2}, std::vector<float>{12, 0});
    snapshots.remember(Tokens{1, 2, 3, 4}, std::vector<float>{1234, 0});
    snapshots.remember(Tokens{1, 9}, std::vector<float>{19, 0});
    EXPECT_EQ(snapshots.restore(Tokens{1, 2, 3}, state), 2u);
    EXPECT_EQ(state[0], 12);
    EXPECT_EQ(snapshots.restore(Tokens{1, 2, 3, 4}, state), 4u);
    EXPECT_EQ(state[0], 1234);
    EXPECT_EQ(snapshots.restore(Tokens{1}, state), 0u);
    EXPECT_EQ(snapshots.restore(Tokens{}, state), 0u);
}

TEST(Snapshots, ForgetsTheLeastRecentlyUsed) {
    Snapshots snapshots(2);
    std::vector<float> state = {0};
    snapshots.remember(Tokens{1}, std::vector<float>{1});
    snapshots.remember(Tokens{2}, std::vector<float>{2});
    EXPECT_EQ(snapshots.restore(Tokens{1, 5}, state), 1u);  // so 2 is the older one
    snapshots.remember(Tokens{3}, std::vector<float>{3});
    EXPECT_EQ(snapshots.size(), 2u);
    EXPECT_EQ(snapshots.restore(Tokens{2, 5}, state), 0u);
    EXPECT_EQ(snapshots.restore(Tokens{1, 5}, state), 1u);
    snapshots.remember(Tokens{3}, std::vector<float>{3});  // known already: used, not doubled
    EXPECT_EQ(snapshots.size(), 2u);
    snapshots.remember(Tokens{4}, std::vector<float>{4});
    EXPECT_EQ(snapshots.restore(Tokens{1, 5}, state), 0u);
    EXPECT_EQ(snapshots.restore(Tokens{3}, state), 1u);
    Snapshots none(0);
    none.remember(Tokens{1}, std::vector<float>{1});
    EXPECT_EQ(none.size(), 0u);
}

}  // namespace
}  // namespace linnet
