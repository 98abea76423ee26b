#include "base/result.h"

#include <gtest/gtest.h>

#include <memory>
#include <set>

#include "base/code.h"
#include "base/testing/result.h"

namespace linnet {
namespace {

using Owned = std::unique_ptr<int>;

Result<Owned> half(int number) {
    if (number % 2 != 0) return Error{Code::Usage, "odd", "add one"};
    return std::make_unique<int>(number / 2);
}

Result<Owned> quarter(int number) {
    Owned once = TRY(half(number));
    Owned twice = TRY(half(*once));
    return twice;
}

Result<> both(int a, int b) {
    TRY(half(a));
    TRY(half(b));
    return Done{};
}

TEST(Result, CarriesWhatCanOnlyBeMoved) {
    auto result = quarter(8);
    ASSERT_TRUE(result);
    EXPECT_EQ(**result, 2);
    Owned taken = *std::move(result);
    EXPECT_EQ(*taken, 2);
    EXPECT_EQ(*quarter(8).value_or(nullptr), 2);
    EXPECT_EQ(quarter(3).value_or(nullptr), nullptr);
}

TEST(Result, HandsTheFirstErrorOn) {
    auto result = quarter(6);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, Code::Usage);
    EXPECT_EQ(result.error().next, "add one");
    EXPECT_TRUE(both(2, 4));
    EXPECT_FALSE(both(2, 3));
    EXPECT_FALSE(both(1, 4));
}

TEST(Result, ErrorsSayWhereAndWhatToDo) {
    Error error = Error{Code::Io, "no room"}.within("disk").within("a.gguf").advise("free some");
    EXPECT_EQ(error.what, "a.gguf: disk: no room");
    EXPECT_EQ(error.next, "free some");
}

TEST(Result, AFailedCheckEndsTheProgramAndSaysWhere) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    check(true, "fine");
    EXPECT_DEATH(check(false, "the sum is right"), "result_test.cc:[0-9]+: bug: the sum is right");
}

TEST(Code, HasARowForEach) {
    std::set<std::string_view> names;
    int at = 0;
    for (const CodeRow& row : code_table()) {
        EXPECT_EQ(static_cast<int>(row.code), at++);
        EXPECT_EQ(&code_row(row.code), &row);
        EXPECT_TRUE(names.insert(row.name).second) << row.name;
        EXPECT_FALSE(row.meaning.empty());
        EXPECT_TRUE(row.http_status >= 400 && row.http_status < 600);
    }
    EXPECT_EQ(at, static_cast<int>(Code::Interrupted) + 1);
}

TEST(Code, KeepsTheExitCodesThatScriptsRelyOn) {
    auto exit_code = [](Code code) { return code_row(code).exit_code; };
    EXPECT_EQ(exit_code(Code::Bug), 1);
    EXPECT_EQ(exit_code(Code::Usage), 2);
    EXPECT_EQ(exit_code(Code::NotFound), 3);
    EXPECT_EQ(exit_code(Code::Network), 4);
    EXPECT_EQ(exit_code(Code::Integrity), 5);
    EXPECT_EQ(exit_code(Code::NoFit), 6);
    EXPECT_EQ(exit_code(Code::Timeout), 7);
    EXPECT_EQ(exit_code(Code::Policy), 8);
    EXPECT_EQ(exit_code(Code::Busy), 9);
    EXPECT_EQ(exit_code(Code::BadInput), 10);
    EXPECT_EQ(exit_code(Code::Unsupported), 10);
    EXPECT_EQ(exit_code(Code::Gate), 11);
    EXPECT_EQ(exit_code(Code::Interrupted), 130);
}

}  // namespace
}  // namespace linnet
