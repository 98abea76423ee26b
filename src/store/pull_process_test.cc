// Pulls in processes of their own: killed at any moment, several at once, on a full disk. The test
// program starts itself again with --pull.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

#include "base/code.h"
#include "store/testing/puller.h"

namespace linnet {
namespace {

using testing::FaultyServer;
using testing::Puller;

constexpr int cannot_mount = 77;

struct ChildOptions {
    std::string data, catalog, what;
    bool small_disk = false;      // a file system of 1 MB under the store
    uint64_t file_bytes_max = 0;  // no larger file can be written
};

// ---- in the child

Result<PullReport> pull_in_child(const ChildOptions& options) {
    Store store = TRY(Store::open({options.data, {options.catalog}, {}}));
    PullSettings settings = testing::quick_pull_settings();
    settings.attempts_max = 1;
    SystemClock clock;
    Rng rng(static_cast<uint64_t>(::getpid()));
    NoProgress progress;
    Cancel cancel;
    return pull(store, {.what = options.what}, settings,
                {clock, rng, progress, cancel, Log::silent()});
}

int run_child(const ChildOptions& options) {
    if (options.small_disk) {
        bool mounted = ::unshare(CLONE_NEWNS) == 0 &&
                       ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
                       ::mount("none", options.data.c_str(), "tmpfs", 0, "size=1m") == 0;
        if (!mounted) return cannot_mount;
    }
    if (options.file_bytes_max > 0) {
        ::signal(SIGXFSZ, SIG_IGN);
        rlimit limit{options.file_bytes_max, options.file_bytes_max};
        ::setrlimit(RLIMIT_FSIZE, &limit);
    }
    auto report = pull_in_child(options);
    if (report) return 0;
    Puller view;  // only for its questions
    auto store = Store::open({options.data, {options.catalog}, {}});
    if (!store || !store->list() || !store->list()->models.empty()) return 1;
    if (testing::files_in(store->layout().blobs()) > 0) return 1;
    return code_row(report.error().code).exit_code;
}

// ---- in the test

class Child {
  public:
    explicit Child(const ChildOptions& options) {
        std::vector<std::string> words = {"store_test",
                                          "--pull",
                                          options.data,
                                          options.catalog,
                                          options.what,
                                          options.small_disk ? "small" : "-",
                                          cat(options.file_bytes_max)};
        std::vector<char*> arguments;
        for (std::string& word : words) arguments.push_back(word.data());
        arguments.push_back(nullptr);
        int failed =
            ::posix_spawn(&pid_, "/proc/self/exe", nullptr, nullptr, arguments.data(), environ);
        check(failed == 0, "the test starts itself");
    }
    ~Child() {
        if (pid_ > 0) {
            kill();
            wait();
        }
    }
    Child(Child&& other) noexcept : pid_(std::exchange(other.pid_, 0)) {}
    Child& operator=(Child&&) = delete;

    void kill() const { ::kill(pid_, SIGKILL); }
    // The exit code, or -1 where it was killed.
    int wait() {
        int status = 0;
        while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
        }
        pid_ = 0;
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    }
    bool running() {
        siginfo_t info{};
        return ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
               info.si_pid == 0;
    }

  private:
    pid_t pid_ = 0;
};

struct ProcessTest : ::testing::Test, Puller {
    ChildOptions options(const std::string& what) const {
        return {(folder.path() / "data").string(),
                catalogs.empty() ? "/none" : catalogs.back().string(), what};
    }
    FaultyServer server;
};

TEST_F(ProcessTest, KilledAtAnyMomentItIsRightOrAbsent) {
    std::string content = testing::random_bytes(1'500'000, 1);
    server.serve("/m.gguf", content);
    server.always("/m.gguf", {.pause_ms = 2, .piece_bytes = 8192});  // about 400 ms in all
    list("m", content, {server.url("/m.gguf")});
    Rng dice(42);
    size_t kills = 0;
    for (bool done = false; !done;) {
        Child child(options("m"));
        ASSERT_LT(kills, 200u) << "it never gets on";
        // Longer and longer, so that it gets on where the machine is busy too.
        std::this_thread::sleep_for(std::chrono::milliseconds(dice.below(150 + 10 * kills)));
        child.kill();
        done = child.wait() == 0;  // it was faster
        kills += !done;
        auto listing = store().list();
        ASSERT_TRUE(listing);
        EXPECT_TRUE(listing->problems.empty());
        EXPECT_TRUE(testing::blobs_are_true(store().layout()));
        if (!listing->models.empty()) {
            EXPECT_FALSE(listing->models[0].damaged);
            EXPECT_EQ(held("m"), content);
            done = true;
        }
    }
    EXPECT_EQ(Child(options("m")).wait(), 0);
    EXPECT_EQ(held("m"), content);
    auto rest = store().collect({.partial_age_s = 0}, clock.wall_s(), cancel);
    ASSERT_TRUE(rest);
    EXPECT_EQ(testing::files_in(store().layout().blobs()), 1u);
    EXPECT_TRUE(keeps_nothing());
    size_t went_on = 0;
    for (const auto& asked : server.asked("/m.gguf")) went_on += !asked.header("range").empty();
    EXPECT_GT(kills, 1u);
    EXPECT_GT(went_on, 0u);
    // Each kill costs at most what came since the last mark, and what was on its way.
    EXPECT_LT(server.body_bytes_sent(), content.size() + (kills + 1) * 2'000'000 / 3);
}

TEST_F(ProcessTest, KilledWhileItCommits) {
    Rng dice(43);
    size_t kills = 0;
    for (int round = 0; round < 40; round++) {
        std::string name = cat("m", round), content = testing::random_bytes(50'000, round);
        server.serve("/" + name, content);
        list(name, content, {server.url("/" + name)});
        Child child(options(name));
        while (server.asked("/" + name).empty()) std::this_thread::yield();
        std::this_thread::sleep_for(std::chrono::microseconds(dice.below(20'000)));
        child.kill();
        kills += child.wait() != 0;
        auto listing = store().list();
        ASSERT_TRUE(listing);
        EXPECT_TRUE(listing->problems.empty());
        for (const StoredModel& model : listing->models) EXPECT_FALSE(model.damaged);
        EXPECT_TRUE(testing::blobs_are_true(store().layout()));
        std::string shown = held(name);
        EXPECT_TRUE(shown.empty() || shown == content);
        EXPECT_EQ(Child(options(name)).wait(), 0);
        EXPECT_EQ(held(name), content);
    }
    EXPECT_GT(kills, 0u);
}

TEST_F(ProcessTest, ManyAtOnceShareOneDownload) {
    std::string content = testing::random_bytes(600'000, 2);
    server.serve("/m.gguf", content);
    server.always("/m.gguf", {.pause_ms = 2, .piece_bytes = 8192});
    list("m", content, {server.url("/m.gguf")});
    std::vector<Child> children;
    for (int i = 0; i < 4; i++) children.emplace_back(options("m"));
    std::vector<std::thread> threads;  // and two more in this process
    for (int i = 0; i < 2; i++)
        threads.emplace_back([this] {
            SystemClock real;
            Rng own(1);
            testing::Watcher shown;
            Cancel never;
            auto report = linnet::pull(store(), {.what = "m"}, settings,
                                       {real, own, shown, never, Log::silent()});
            EXPECT_TRUE(report);
        });
    for (std::thread& thread : threads) thread.join();
    for (Child& child : children) EXPECT_EQ(child.wait(), 0);
    EXPECT_EQ(server.asked("/m.gguf").size(), 1u);
    EXPECT_EQ(held("m"), content);
    EXPECT_TRUE(keeps_nothing());
}

TEST_F(ProcessTest, AWaitingPullTakesOverFromOneThatIsKilled) {
    std::string content = testing::random_bytes(600'000, 3);
    server.serve("/m.gguf", content);
    server.next("/m.gguf", {.stall_after = 300'000});
    list("m", content, {server.url("/m.gguf")});
    Child first(options("m"));
    while (server.body_bytes_sent() < 300'000) std::this_thread::yield();
    Child second(options("m"));
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    EXPECT_TRUE(second.running());
    first.kill();
    EXPECT_EQ(second.wait(), 0);
    EXPECT_EQ(held("m"), content);
    EXPECT_TRUE(server.asked("/m.gguf").back().header("range").starts_with("bytes="));
}

TEST_F(ProcessTest, AFullDiskShowsNothing) {
    std::string content = testing::random_bytes(3'000'000, 4);
    server.serve("/m.gguf", content);
    server.always("/m.gguf", {.chunked = true});  // the size is not known beforehand
    ChildOptions small = options(server.url("/m.gguf"));
    ASSERT_TRUE(make_folders(small.data));
    small.small_disk = true;
    int code = Child(small).wait();
    if (code != cannot_mount) {
        EXPECT_EQ(code, 6);
        server.always("/m.gguf", {});  // known: refused before anything is written
        EXPECT_EQ(Child(small).wait(), 6);
    }
    // Where nothing may be mounted, a bound on files does the same.
    server.always("/m.gguf", {.chunked = true});
    ChildOptions bounded = options(server.url("/m.gguf"));
    bounded.file_bytes_max = 1'000'000;
    EXPECT_EQ(Child(bounded).wait(), 6);
    EXPECT_TRUE(shows_nothing());
    // With space it goes on.
    server.always("/m.gguf", {});
    list("m", content, {server.url("/m.gguf")});
    EXPECT_EQ(Child(options("m")).wait(), 0);
    EXPECT_EQ(held("m"), content);
}

}  // namespace
}  // namespace linnet

int main(int count, char** arguments) {
    if (count == 7 && std::string_view(arguments[1]) == "--pull") {
        linnet::ChildOptions options{arguments[2], arguments[3], arguments[4],
                                     std::string_view(arguments[5]) == "small",
                                     std::strtoull(arguments[6], nullptr, 10)};
        return linnet::run_child(options);
    }
    ::testing::InitGoogleTest(&count, arguments);
    return RUN_ALL_TESTS();
}
