#include "store/intake.h"

#include <gtest/gtest.h>

#include "base/testing/result.h"
#include "base/testing/temporary.h"

namespace linnet {
namespace {

using testing::expect_refused;
using testing::must;

struct IntakeTest : ::testing::Test {
    testing::TemporaryFolder folder;
    Path file = folder.path() / "m.gguf", blob = folder.path() / "blob";
    void write(const Path& path, std::string_view text) { must(write_file_atomic(path, text)); }
    // What link_blob() may leave beside.
    size_t entries() const {
        return static_cast<size_t>(
            std::distance(std::filesystem::directory_iterator(folder.path()), {}));
    }
};

TEST_F(IntakeTest, TheFileAndTheBlobAreOne) {
    write(file, "model");
    must(link_blob(file, must(stamp_of(file)), blob));
    EXPECT_TRUE(std::filesystem::equivalent(file, blob));
    auto writable = std::filesystem::perms::owner_write;
    EXPECT_EQ(std::filesystem::status(blob).permissions() & writable, std::filesystem::perms::none);
    must(link_blob(file, must(stamp_of(file)), blob));  // once more changes nothing
    EXPECT_EQ(entries(), 2u);
}

TEST_F(IntakeTest, ALinkLeadsToTheFileItself) {
    write(file, "model");
    Path link = folder.path() / "link.gguf";
    std::filesystem::create_symlink("m.gguf", link);
    must(link_blob(link, must(stamp_of(link)), blob));
    EXPECT_FALSE(std::filesystem::is_symlink(blob));
    EXPECT_TRUE(std::filesystem::equivalent(file, blob));
}

TEST_F(IntakeTest, WhatWasChangedMeanwhileIsRefused) {
    write(file, "model");
    FileStamp stamp = must(stamp_of(file));
    write(file, "other");  // another file under the name
    expect_refused(link_blob(file, stamp, blob), Code::Busy, "was changed");
    EXPECT_FALSE(std::filesystem::exists(blob));
    EXPECT_EQ(entries(), 1u);
}

TEST_F(IntakeTest, WhatCannotBeLinkedIsTold) {
    expect_refused(stamp_of(folder.path() / "absent"), Code::NotFound, "absent");
    expect_refused(stamp_of(folder.path()), Code::Usage, "is no file");
    if (must(stamp_of("/proc/version")).device == must(stamp_of("/proc/self/exe")).device)
        GTEST_SKIP() << "there is only one file system here";
    FileStamp stamp = must(stamp_of("/proc/version"));
    auto refused = link_blob("/proc/version", stamp, blob);
    expect_refused(refused, Code::Unsupported, "another file system");
    EXPECT_EQ(refused.error().next, "leave out --link, and it is copied");
}

}  // namespace
}  // namespace linnet
