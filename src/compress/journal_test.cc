#include "compress/journal.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/testing/result.h"
#include "base/testing/temporary.h"
#include "base/text.h"

namespace linnet {
namespace {

using testing::must;
constexpr auto anew = Journal::Begin::Anew;
constexpr auto taken_up = Journal::Begin::WhereItBrokeOff;

struct JournalTest : ::testing::Test {
    testing::TemporaryFolder folder;
    Path path = folder.path() / "out.journal";
    Json run = Json::object({{"model", "abc"}, {"size", 5}});

    std::string text() const { return must(read_file(path, 1 << 20)); }
};

TEST_F(JournalTest, WhatIsKnownIsFoundAgain) {
    {
        Journal first = must(Journal::open(path, run, anew));
        EXPECT_TRUE(first.empty());
        must(first.add("costs", "a", Json(0.1)));
        must(first.add("written", "a", Json("yes")));
    }
    Journal again = must(Journal::open(path, run, taken_up));
    EXPECT_EQ(*again.find("costs", "a")->as_double(), 0.1);
    EXPECT_EQ(*again.find("written", "a")->as_string(), "yes");
    EXPECT_EQ(again.find("costs", "b"), nullptr);
    must(again.remove());
    EXPECT_FALSE(std::filesystem::exists(path));
}

// Wherever a line is cut, all lines before it are known, and the journal goes on.
TEST_F(JournalTest, ALineThatWasCutShortIsDropped) {
    {
        Journal first = must(Journal::open(path, run, anew));
        must(first.add("costs", "a", Json(1)));
        must(first.add("costs", "b", Json(2)));
    }
    const std::string whole = text();
    for (size_t length = 0; length < whole.size(); length++) {
        must(write_file_atomic(path, whole.substr(0, length)));
        const std::string cut = whole.substr(0, length);
        const auto lines = std::ranges::count(cut, '\n');
        Journal again = must(Journal::open(path, run, taken_up));
        EXPECT_EQ(again.find("costs", "a") != nullptr, lines > 1) << length;
        EXPECT_EQ(again.find("costs", "b"), nullptr) << length;
        must(again.add("costs", "b", Json(2)));
        EXPECT_EQ(text().ends_with("\n"), true);
    }
}

TEST_F(JournalTest, BegunAnewItKnowsNothing) {
    {
        Journal first = must(Journal::open(path, run, anew));
        must(first.add("costs", "a", Json(1)));
    }
    EXPECT_TRUE(must(Journal::open(path, run, anew)).empty());
    EXPECT_TRUE(must(Journal::open(path, run, taken_up)).empty());
    EXPECT_TRUE(must(Journal::open(folder.path() / "none", run, taken_up)).empty());
}

TEST_F(JournalTest, AnothersIsRefused) {
    {
        must(Journal::open(path, run, anew));
    }
    const Json other = Json::object({{"model", "abd"}, {"size", 5}});
    testing::expect_refused(Journal::open(path, other, taken_up), Code::Usage, "another model");
    for (const char* text : {"no journal\n", "{}\n", "{\"kind\":1,\"name\":\"\",\"value\":2}\n"}) {
        must(write_file_atomic(path, text));
        testing::expect_refused(Journal::open(path, run, taken_up), Code::BadInput, "damaged");
    }
    Journal one = must(Journal::open(path, run, anew));
    testing::expect_refused(Journal::open(path, run, anew), Code::Busy, "another process");
}

}  // namespace
}  // namespace linnet
