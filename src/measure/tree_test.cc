#include "measure/tree.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "measure/testing/recorded.h"

namespace linnet {
namespace {

using testing::RecordedTree;

TEST(Tree, ReadsSmallValues) {
    RecordedTree recorded;
    recorded.put("a/text", "  two\nlines \n\0ignored");
    recorded.put("a/number", "-12\n");
    recorded.put("a/zero", std::string_view("Some Board\0", 11));
    Tree tree = recorded.tree();
    EXPECT_EQ(tree.text("a/text"), "two\nlines");
    EXPECT_EQ(tree.word("a/text"), "two");
    EXPECT_EQ(tree.number("a/number"), -12);
    EXPECT_EQ(tree.count("a/number"), std::nullopt);
    EXPECT_EQ(tree.text("a/zero"), "Some Board");
    EXPECT_EQ(tree.text("absent"), std::nullopt);
    EXPECT_TRUE(tree.exists("a"));
    EXPECT_FALSE(tree.exists("a/text/below"));
    EXPECT_FALSE(tree.is_this_machine());
    EXPECT_TRUE(Tree().is_this_machine());
}

TEST(Tree, SaysWhyThereIsNoNumber) {
    RecordedTree recorded;
    recorded.put("number", "7\n");
    recorded.put("nonsense", "N/A\n");
    recorded.put("folder/x", "1");
    Tree tree = recorded.tree();
    EXPECT_EQ(tree.access("number"), Access::Readable);
    EXPECT_EQ(tree.access("nonsense"), Access::Broken);
    EXPECT_EQ(tree.access("folder"), Access::Broken);
    EXPECT_EQ(tree.access("absent"), Access::Absent);
    if (::geteuid() != 0) {
        ::chmod((recorded.root() / "number").c_str(), 0);
        EXPECT_EQ(tree.access("number"), Access::Denied);
    }
    EXPECT_EQ(access_name(Access::Denied), "denied");
}

TEST(Tree, ListsInNaturalOrder) {
    RecordedTree recorded;
    for (const char* name : {"hwmon10", "hwmon2", "hwmon1", "other", "hwmon"})
        recorded.put(cat("class/", name, "/x"), "");
    std::vector<std::string> expected = {"hwmon", "hwmon1", "hwmon2", "hwmon10", "other"};
    EXPECT_EQ(recorded.tree().names("class"), expected);
    expected.pop_back();
    EXPECT_EQ(recorded.tree().names("class", "hwmon"), expected);
    EXPECT_TRUE(recorded.tree().names("absent").empty());
}

TEST(Tree, IsBounded) {
    RecordedTree recorded;
    recorded.put("long", std::string(10'000, 'x'));
    recorded.put("huge", std::string(Tree::text_bytes_max + 1, '1'));
    recorded.put("steering", "\x1b[2Jx");
    Tree tree = recorded.tree();
    EXPECT_LE(tree.word("long")->size(), Tree::word_bytes_max + 8);
    EXPECT_EQ(tree.text("huge"), std::nullopt);
    EXPECT_EQ(tree.access("huge"), Access::Broken);
    EXPECT_EQ(tree.word("steering"), "\\x1B[2Jx");
    for (size_t i = 0; i < Tree::names_max + 10; i++)
        ASSERT_EQ(::mkdir((recorded.root() / cat("d", i)).c_str(), 0700), 0);
    EXPECT_EQ(tree.names("", "d").size(), Tree::names_max);
}

TEST(Tree, FindsFieldsOfLines) {
    constexpr std::string_view text = "a : 1\nmodel name\t: X: Y\na: 2\nno colon\n";
    EXPECT_EQ(field(text, "a"), "1");
    EXPECT_EQ(field(text, "model name"), "X: Y");
    EXPECT_EQ(field(text, "no colon"), std::nullopt);
}

}  // namespace
}  // namespace linnet
