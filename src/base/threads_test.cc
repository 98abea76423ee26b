#include "base/threads.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <mutex>
#include <numeric>

namespace linnet {
namespace {

class Threads : public ::testing::TestWithParam<size_t> {};

TEST_P(Threads, RunsOnceOnEachWorker) {
    ThreadPool pool(GetParam());
    ASSERT_EQ(pool.size(), GetParam());
    std::vector<int> runs(pool.size());
    for (int round = 1; round <= 300; round++) {
        pool.run([&](size_t worker) { runs[worker]++; });
        for (int each : runs) ASSERT_EQ(each, round);
    }
}

// Crowded or not, each worker that takes part does so once, and meets the others at barriers.
TEST_P(Threads, RunsOnAsManyAsThereIsRoomFor) {
    ThreadPool pool(GetParam());
    for (int round = 0; round < 300; round++) {
        std::vector<int> runs(pool.size());
        std::atomic<size_t> arrived = 0, workers_seen = 0;
        pool.run_some([&](size_t worker, size_t workers) {
            runs[worker]++;
            workers_seen = workers;
            arrived++;
            pool.barrier();
            EXPECT_EQ(arrived, workers);
            pool.barrier();
        });
        ASSERT_GE(workers_seen, 1u);
        ASSERT_LE(workers_seen, pool.size());
        for (size_t worker = 0; worker < pool.size(); worker++)
            ASSERT_EQ(runs[worker], worker < workers_seen ? 1 : 0);
        pool.for_each(7, [&](size_t begin, size_t end) { arrived += end - begin; });
        ASSERT_EQ(arrived, workers_seen + 7);
    }
}

// Every worker adds its neighbour's value of the round before, so a barrier that lets one through
// early gives a wrong sum (and a finding under the thread sanitizer).
TEST_P(Threads, BarriersKeepStepsApart) {
    ThreadPool pool(GetParam());
    constexpr int steps = 200;
    std::vector<uint64_t> before(pool.size(), 1), after(pool.size());
    for (int round = 0; round < 5; round++) {
        std::fill(before.begin(), before.end(), 1);
        pool.run([&](size_t worker) {
            for (int step = 0; step < steps; step++) {
                after[worker] = before[worker] + before[(worker + 1) % pool.size()];
                pool.barrier();
                before[worker] = after[worker] % 1'000'007;
                pool.barrier();
            }
        });
        uint64_t expected = 1;
        for (int step = 0; step < steps; step++) expected = expected * 2 % 1'000'007;
        for (uint64_t value : before) ASSERT_EQ(value, expected);
    }
}

TEST_P(Threads, SharesEverythingOnce) {
    ThreadPool pool(GetParam());
    for (size_t count : {0, 1, 2, 3, 7, 8, 9, 31, 32, 33, 1000}) {
        std::vector<int> hits(count);
        std::atomic<size_t> parts = 0;
        for (int round = 1; round <= 20; round++) {
            parts = 0;
            pool.for_each(count, [&](size_t begin, size_t end) {
                EXPECT_LT(begin, end);
                EXPECT_LE(end, count);
                for (size_t i = begin; i < end; i++) hits[i]++;
                parts++;
            });
            for (int hit : hits) ASSERT_EQ(hit, round);
            EXPECT_LE(parts.load(), pool.size() * 4);
        }
    }
}

// Jobs of both kinds in turn, sometimes with a pause in which the workers go to sleep.
TEST_P(Threads, TakesJobsInAnyOrder) {
    ThreadPool pool(GetParam());
    size_t expected = 0;
    std::atomic<size_t> done = 0;
    for (size_t round = 0; round < 2000; round++) {
        if (round % 3 == 0) {
            pool.run([&](size_t) { done++; });
            expected += pool.size();
        } else {
            size_t count = round % 50;
            pool.for_each(count, [&](size_t begin, size_t end) { done += end - begin; });
            expected += count;
        }
        ASSERT_EQ(done, expected);
        if (round % 400 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
}

TEST_P(Threads, NamesTheWorkerOfEachPart) {
    ThreadPool pool(GetParam());
    std::vector<std::vector<size_t>> scratch(pool.size());
    pool.for_each(500, [&](size_t worker, size_t begin, size_t end) {
        for (size_t i = begin; i < end; i++) scratch.at(worker).push_back(i);
    });
    std::vector<size_t> all;
    for (auto& part : scratch) all.insert(all.end(), part.begin(), part.end());
    std::sort(all.begin(), all.end());
    std::vector<size_t> expected(500);
    std::iota(expected.begin(), expected.end(), size_t{0});
    EXPECT_EQ(all, expected);
}

INSTANTIATE_TEST_SUITE_P(Sizes, Threads, ::testing::Range<size_t>(1, 9));

TEST(ThreadPool, HasAtLeastTheCaller) {
    ThreadPool pool(0);
    EXPECT_EQ(pool.size(), 1u);
    auto caller = std::this_thread::get_id();
    pool.run([&](size_t) { EXPECT_EQ(std::this_thread::get_id(), caller); });
    pool.barrier();
}

TEST(ThreadPool, SharesTheLargestCount) {
    ThreadPool pool(3);
    std::atomic<size_t> total = 0;
    constexpr size_t largest = std::numeric_limits<size_t>::max();
    pool.for_each(largest, [&](size_t begin, size_t end) { total += end - begin; });
    EXPECT_EQ(total, largest);
}

TEST(ThreadPool, ComesAndGoes) {
    for (size_t size = 1; size <= 64; size++) ThreadPool pool(size % 8 + 1);
}

RC_GTEST_PROP(ThreadPool, PartsAreNearlyEqual, ()) {
    auto count = *rc::gen::inRange<size_t>(1, 10000);
    ThreadPool pool(*rc::gen::inRange<size_t>(2, 5));
    std::mutex mutex;
    size_t least = count, most = 0;
    pool.for_each(count, [&](size_t begin, size_t end) {
        std::lock_guard lock(mutex);
        least = std::min(least, end - begin);
        most = std::max(most, end - begin);
    });
    RC_ASSERT(most - least <= 1u);
}

TEST(FunctionRef, PassesReferencesAndResults) {
    int total = 0;
    auto add = [&](int more, std::string&& text) {
        total += more;
        return text + "!";
    };
    FunctionRef<std::string(int, std::string&&)> ref = add;
    EXPECT_EQ(ref(3, "three"), "three!");
    EXPECT_EQ(total, 3);
}

}  // namespace
}  // namespace linnet
