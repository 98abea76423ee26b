#include "base/queue.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <memory>
#include <thread>
#include <vector>

namespace linnet {
namespace {

using std::chrono::milliseconds;

TEST(BoundedQueue, HoldsNoMoreThanItsBound) {
    BoundedQueue<std::unique_ptr<int>> queue(2);
    EXPECT_TRUE(queue.try_push(std::make_unique<int>(1)));
    EXPECT_TRUE(queue.try_push(std::make_unique<int>(2)));
    auto third = std::make_unique<int>(3);
    EXPECT_FALSE(queue.try_push(third));
    ASSERT_TRUE(third) << "what is refused stays with the caller";
    EXPECT_EQ(queue.size(), 2u);
    EXPECT_EQ(**queue.pop(), 1);
    EXPECT_TRUE(queue.try_push(third));
    EXPECT_EQ(**queue.pop(), 2);
    EXPECT_EQ(**queue.try_pop(), 3);
    EXPECT_FALSE(queue.try_pop());
    EXPECT_FALSE(queue.pop_for(milliseconds(1)));
}

TEST(BoundedQueue, DrainsAfterItIsClosed) {
    BoundedQueue<int> queue(3);
    EXPECT_TRUE(queue.push(1));
    EXPECT_TRUE(queue.push(2));
    queue.close();
    EXPECT_FALSE(queue.push(3));
    EXPECT_FALSE(queue.try_push(3));
    EXPECT_EQ(queue.pop(), 1);
    EXPECT_EQ(queue.pop_for(milliseconds(0)), 2);
    EXPECT_EQ(queue.pop(), std::nullopt);
}

TEST(BoundedQueue, WakesAllWhoWaitWhenItCloses) {
    BoundedQueue<int> empty(1), full(1);
    EXPECT_TRUE(full.push(0));
    std::vector<std::jthread> waiting;
    for (int i = 0; i < 3; i++) {
        waiting.emplace_back([&] { EXPECT_EQ(empty.pop(), std::nullopt); });
        waiting.emplace_back([&] { EXPECT_FALSE(full.push(1)); });
    }
    std::this_thread::sleep_for(milliseconds(5));
    empty.close();
    full.close();
}

TEST(BoundedQueue, CarriesEverythingOnceInTheOrderOfEachSender) {
    constexpr int senders = 3, receivers = 3, each = 2000;
    BoundedQueue<std::pair<int, int>> queue(7);
    std::vector<std::vector<std::pair<int, int>>> got(receivers);
    {
        std::vector<std::jthread> receiving, sending;
        for (auto& list : got)
            receiving.emplace_back([&] {
                while (auto item = queue.pop()) list.push_back(*item);
            });
        for (int sender = 0; sender < senders; sender++)
            sending.emplace_back([&, sender] {
                for (int i = 0; i < each; i++) EXPECT_TRUE(queue.push({sender, i}));
            });
        sending.clear();  // joins
        queue.close();
    }
    std::vector<std::pair<int, int>> all;
    for (auto& list : got) {
        std::vector<int> last(senders, -1);
        for (auto [sender, i] : list) EXPECT_LT(std::exchange(last[sender], i), i);
        all.insert(all.end(), list.begin(), list.end());
    }
    std::sort(all.begin(), all.end());
    EXPECT_EQ(all.size(), static_cast<size_t>(senders * each));
    EXPECT_EQ(std::unique(all.begin(), all.end()), all.end());
}

RC_GTEST_PROP(BoundedQueue, IsAListWithABound, (std::vector<bool> pushes)) {
    auto items_max = *rc::gen::inRange<size_t>(1, 6);
    BoundedQueue<int> queue(items_max);
    std::deque<int> model;
    int next = 0;
    for (bool push : pushes) {
        if (push) {
            bool room = model.size() < items_max;
            RC_ASSERT(queue.try_push(next) == room);
            if (room) model.push_back(next);
            next++;
        } else {
            std::optional<int> expected;
            if (!model.empty()) {
                expected = model.front();
                model.pop_front();
            }
            RC_ASSERT(queue.try_pop() == expected);
        }
        RC_ASSERT(queue.size() == model.size());
    }
}

}  // namespace
}  // namespace linnet
