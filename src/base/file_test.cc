#include "base/file.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <cstring>
#include <set>
#include <thread>

#include "base/cancel.h"
#include "base/testing/child.h"
#include "base/testing/result.h"
#include "base/testing/temporary.h"
#include "base/text.h"

namespace linnet {
namespace {

using std::chrono::milliseconds;
using testing::Child;
using testing::expect_refused;
using testing::must;

class File : public ::testing::Test {
  protected:
    Path path(std::string_view name) const { return folder.path() / name; }
    std::set<std::string> names() const {
        std::set<std::string> out;
        for (const auto& entry : std::filesystem::directory_iterator(folder.path()))
            out.insert(entry.path().filename().string());
        return out;
    }
    std::string read(std::string_view name) const {
        return must(read_file(path(name), 1'000'000'000));
    }
    Path fifo() const {
        check(::mkfifo(path("fifo").c_str(), 0600) == 0, "a FIFO can be made");
        return path("fifo");
    }
    testing::TemporaryFolder folder;
};

TEST_F(File, MapsWhatIsWritten) {
    must(write_file_atomic(path("a"), "some bytes"));
    MappedFile file = must(MappedFile::open(path("a")));
    EXPECT_EQ(as_text(file.bytes()), "some bytes");
    EXPECT_EQ(file.path(), path("a"));
    MappedFile copy = file;
    file = must(MappedFile::open(path("a")));
    std::filesystem::remove(path("a"));
    EXPECT_EQ(as_text(copy.bytes()), "some bytes") << "as long as a handle lives";
}

TEST_F(File, MapsAnEmptyFileToNoBytes) {
    must(write_file_atomic(path("empty"), ""));
    MappedFile file = must(MappedFile::open(path("empty")));
    EXPECT_TRUE(file.bytes().empty());
    file.will_need(0, 0);
    file.done_with(0, 0);
}

TEST_F(File, TakesAdviceOnAnyRange) {
    std::string bytes(10'000, 'x');
    bytes[4095] = 'a';
    bytes[4096] = 'b';
    must(write_file_atomic(path("a"), bytes));
    MappedFile file = must(MappedFile::open(path("a")));
    for (uint64_t offset : {0, 1, 4095, 4096, 9999, 10'000})
        for (uint64_t length : {0, 1, 4096, 10'000})
            if (offset + length <= 10'000) {
                file.will_need(offset, length);
                file.done_with(offset, length);
            }
    EXPECT_EQ(as_text(file.bytes()), bytes);
}

TEST_F(File, RefusesWhatIsNoFile) {
    Path absent = path("absent"), pipe = fifo();
    for (const Path& folder_path : {folder.path(), path(".")}) {
        expect_refused(MappedFile::open(folder_path), Code::BadInput, "it is a folder");
        expect_refused(read_file(folder_path, 10), Code::BadInput, "it is a folder");
        expect_refused(write_file_atomic(folder_path, "x"), Code::BadInput, "it is a folder");
    }
    expect_refused(MappedFile::open(absent), Code::NotFound, "no such file");
    expect_refused(read_file(absent, 10), Code::NotFound, "no such file");
    expect_refused(size_of_file(absent), Code::NotFound, "no such file");
    expect_refused(MappedFile::open(pipe), Code::BadInput, "not a regular file");
    expect_refused(read_file(pipe, 10), Code::BadInput, "not a regular file");
    expect_refused(write_file_atomic(pipe, "x"), Code::BadInput, "not a regular file");
    expect_refused(FileWriter::open(pipe), Code::BadInput, "not a regular file");
    expect_refused(FileWriter::open("/dev/null"), Code::BadInput, "not a regular file");
    expect_refused(MappedFile::open("/dev/zero"), Code::BadInput, "not a regular file");
    expect_refused(write_file_atomic(absent / "x", ""), Code::NotFound, "no such file");
    EXPECT_EQ(read_file("/dev/null", 10).value_or("?"), "");
}

TEST_F(File, ReadsNoMoreThanAllowed) {
    must(write_file_atomic(path("a"), std::string(100'000, 'x')));
    EXPECT_EQ(must(read_file(path("a"), 100'000)).size(), 100'000u);
    expect_refused(read_file(path("a"), 99'999), Code::BadInput, "larger than the 100.0 kB");
    expect_refused(read_file("/dev/zero", 1'000'000), Code::BadInput, "larger than the 1.0 MB");
}

TEST_F(File, NamesOfStrangersStayHarmless) {
    auto result = MappedFile::open(path("\x1b[2Jx"));
    expect_refused(result, Code::NotFound, "\\x1B[2Jx");
}

TEST_F(File, WritesAppendingAndKeepsAPrefix) {
    {
        FileWriter writer = must(FileWriter::open(path("a")));
        must(writer.append(as_bytes("hello ")));
        must(writer.append({}));
        must(writer.append(as_bytes("world")));
        must(writer.sync());
        EXPECT_EQ(writer.size(), 11u);
    }
    FileWriter writer = must(FileWriter::open(path("a"), 6));
    EXPECT_EQ(writer.size(), 6u);
    must(writer.append(as_bytes("moon")));
    EXPECT_EQ(read("a"), "hello moon");
    EXPECT_EQ(must(size_of_file(path("a"))), 10u);
}

TEST_F(File, ReplacesKeepingPermissions) {
    must(write_file_atomic(path("key"), "old"));
    ASSERT_EQ(::chmod(path("key").c_str(), 0600), 0);
    must(write_file_atomic(path("key"), "new"));
    EXPECT_EQ(read("key"), "new");
    struct stat info{};
    ASSERT_EQ(::stat(path("key").c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0600u);
    EXPECT_EQ(names(), std::set<std::string>{"key"});
}

// A reader sees the old or the new, whole, whatever happens to the writer.
TEST_F(File, AKilledWriterLeavesTheOldOrTheNew) {
    const std::string old_text(300'000, 'o'), new_text(300'000, 'n');
    must(write_file_atomic(path("a"), old_text));
    for (int round = 0; round < 20; round++) {
        testing::Signpost begun;
        Child writer([&] {
            begun.reached();
            for (int i = 0;; i++)
                if (!write_file_atomic(path("a"), i % 2 ? old_text : new_text)) return 1;
        });
        begun.wait();
        std::this_thread::sleep_for(std::chrono::microseconds(round * 300));
        writer.kill(SIGKILL);
        EXPECT_EQ(writer.wait(), 128 + SIGKILL);
        std::string now = read("a");
        EXPECT_TRUE(now == old_text || now == new_text) << round;
    }
    for (const std::string& name : names())
        EXPECT_TRUE(name == "a" || name.ends_with(".tmp")) << name;
}

TEST_F(File, WritersOfOneFileDoNotMix) {
    {
        std::vector<std::jthread> writers;
        for (char letter : {'a', 'b', 'c'})
            writers.emplace_back([&, letter] {
                for (int i = 0; i < 30; i++)
                    EXPECT_TRUE(write_file_atomic(path("x"), std::string(50'000, letter)));
            });
    }
    EXPECT_EQ(read("x"), std::string(50'000, read("x")[0]));
    EXPECT_EQ(names(), std::set<std::string>{"x"});
}

TEST_F(File, ALimitOnFilesIsAnErrorAndKeepsTheOld) {
    must(write_file_atomic(path("a"), "old"));
    Child child([&] {
        testing::limit_file_bytes(10'000);
        auto written = write_file_atomic(path("a"), std::string(20'000, 'n'));
        if (written || written.error().code != Code::NoFit) return 1;
        return written.error().what.find("larger than files may be") != std::string::npos ? 0 : 2;
    });
    EXPECT_EQ(child.wait(), 0);
    EXPECT_EQ(read("a"), "old");
    EXPECT_EQ(names(), std::set<std::string>{"a"});
}

TEST_F(File, AFullDiskIsAnErrorAndKeepsTheOld) {
    constexpr int not_allowed = 77;
    Child child([&] {
        if (::unshare(CLONE_NEWNS) != 0 && ::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0)
            return not_allowed;
        ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr);
        if (::mount("none", folder.path().c_str(), "tmpfs", 0, "size=256k") != 0)
            return not_allowed;
        if (!write_file_atomic(path("a"), "old")) return 1;
        auto free = disk_free(path("not/yet/there"));
        if (!free || *free < 200'000 || *free > 256 * 1024) return 2;
        auto written = write_file_atomic(path("a"), std::string(300'000, 'n'));
        if (written || written.error().code != Code::NoFit) return 3;
        if (written.error().what.find("the disk is full") == std::string::npos) return 4;
        if (read("a") != "old" || names().size() != 1) return 5;
        return 0;
    });
    int code = child.wait();
    if (code == not_allowed) GTEST_SKIP() << "a small file system cannot be mounted here";
    EXPECT_EQ(code, 0);
}

TEST_F(File, ALockExcludesOtherObjectsAndGoesWithThem) {
    auto first = must(FileLock::attempt(path("lock")));
    ASSERT_TRUE(first);
    EXPECT_FALSE(must(FileLock::attempt(path("lock"))));
    first.reset();
    EXPECT_TRUE(must(FileLock::attempt(path("lock"))));
    EXPECT_TRUE(std::filesystem::exists(path("lock")));
}

TEST_F(File, ALockGoesWithAKilledProcess) {
    testing::Signpost locked;
    Child owner([&] {
        auto lock = FileLock::attempt(path("lock"));
        if (!lock || !*lock) return 1;
        locked.reached();
        for (;;) ::pause();
    });
    locked.wait();
    Cancel cancel;
    EXPECT_FALSE(must(FileLock::attempt(path("lock"))));
    expect_refused(FileLock::acquire(path("lock"), milliseconds(20), cancel), Code::Timeout,
                   "another process holds");
    owner.kill(SIGKILL);
    EXPECT_EQ(owner.wait(), 128 + SIGKILL);
    EXPECT_TRUE(FileLock::acquire(path("lock"), std::chrono::seconds(20), cancel));
}

TEST_F(File, WaitingForALockCanBeCancelled) {
    auto held = must(FileLock::attempt(path("lock")));
    Cancel cancel;
    std::jthread canceller([&] { cancel.request(); });
    auto waited = FileLock::acquire(path("lock"), std::chrono::minutes(5), cancel);
    expect_refused(waited, Code::Interrupted, "interrupted");
}

TEST_F(File, FoldersAndSpace) {
    must(make_folders(path("a/b/c")));
    must(make_folders(path("a/b/c")));
    EXPECT_TRUE(std::filesystem::is_directory(path("a/b/c")));
    must(write_file_atomic(path("plain"), "x"));
    EXPECT_FALSE(make_folders(path("plain/below")));
    EXPECT_EQ(must(disk_free(path("a"))) > 0, must(disk_free(path("not/yet"))) > 0);
    EXPECT_TRUE(disk_free("relative/and/absent"));
    EXPECT_TRUE(disk_free("/"));
}

TEST_F(File, RenamesDurably) {
    must(write_file_atomic(path("a"), "x"));
    must(rename_durable(path("a"), path("b")));
    EXPECT_EQ(names(), std::set<std::string>{"b"});
    expect_refused(rename_durable(path("a"), path("c")), Code::NotFound, "no such file");
}

TEST_F(File, ErrorsOfTheSystemHaveTheirCodes) {
    auto code = [](int number) { return system_error(number, "read", "x").code; };
    EXPECT_EQ(code(ENOENT), Code::NotFound);
    EXPECT_EQ(code(EACCES), Code::Policy);
    EXPECT_EQ(code(ENOSPC), Code::NoFit);
    EXPECT_EQ(code(EMFILE), Code::Busy);
    EXPECT_EQ(code(EIO), Code::Io);
    EXPECT_EQ(system_error(EIO, "read", "a\nb").what,
              cat("cannot read a\\x0Ab: ", std::strerror(EIO)));
}

}  // namespace
}  // namespace linnet
