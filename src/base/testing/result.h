// What a test says about a Result.
#pragma once

#include <gtest/gtest.h>

#include <stdexcept>
#include <string_view>

#include "base/code.h"
#include "base/result.h"

namespace linnet::testing {

// The value; an error fails the test that runs (GoogleTest catches the exception and reports it).
template <class T>
T must(Result<T> result) {
    if (!result) throw std::runtime_error(result.error().what);
    return *std::move(result);
}

// An error of that kind, whose sentence contains `part`.
template <class T>
void expect_refused(const Result<T>& result, Code code, std::string_view part,
                    std::string_view about = "") {
    ASSERT_FALSE(result) << about << ": accepted";
    EXPECT_EQ(code_row(result.error().code).name, code_row(code).name)
        << about << ": " << result.error().what;
    EXPECT_NE(result.error().what.find(part), std::string::npos)
        << about << ": \"" << result.error().what << "\" does not say \"" << part << "\"";
}

}  // namespace linnet::testing
