#include "measure/disk.h"

#include <gtest/gtest.h>

#include "base/testing/result.h"
#include "base/testing/temporary.h"

namespace linnet {
namespace {

TEST(ReadSpeed, OfAFile) {
    testing::TemporaryFolder folder;
    Path path = folder.path() / "model";
    testing::must(write_file_atomic(path, std::string(5'000'000, 'x')));
    SystemClock clock;
    Cancel cancel;
    ReadSpeed speed = testing::must(measure_read_speed(path, 10, clock, cancel));
    EXPECT_EQ(speed.bytes, 5'000'000u);
    EXPECT_GT(speed.bytes_per_second, 1000);
    EXPECT_EQ(testing::must(read_file(path, 5'000'000)).size(), 5'000'000u);
}

TEST(ReadSpeed, RefusesWhatIsNoFile) {
    testing::TemporaryFolder folder;
    SystemClock clock;
    Cancel cancel;
    auto measured = [&](const Path& path) { return measure_read_speed(path, 1, clock, cancel); };
    testing::expect_refused(measured(folder.path()), Code::BadInput, "it is a folder");
    testing::expect_refused(measured(folder.path() / "absent"), Code::NotFound, "no such file");
    testing::must(write_file_atomic(folder.path() / "empty", ""));
    testing::expect_refused(measured(folder.path() / "empty"), Code::BadInput, "is empty");
    testing::must(write_file_atomic(folder.path() / "full", "x"));
    cancel.request();
    testing::expect_refused(measured(folder.path() / "full"), Code::Interrupted, "interrupted");
}

}  // namespace
}  // namespace linnet
