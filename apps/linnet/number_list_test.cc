#include "linnet/number_list.h"

#include <gtest/gtest.h>

#include "base/testing/result.h"

namespace linnet {
namespace {

TEST(NumberList, TakesNumbersAndRanges) {
    EXPECT_EQ(testing::must(parse_number_list("0-3,8, 2-4", "--x")),
              (std::vector<uint32_t>{0, 1, 2, 3, 4, 8}));
    for (const char* wrong : {"", "a", "3-1", "1-2-3", "-1", "1,,2", "1-70000", "1.5", "0-"})
        testing::expect_refused(parse_number_list(wrong, "--x"), Code::Usage, "in --x is no",
                                wrong);
}

}  // namespace
}  // namespace linnet
