#include "engine/pages.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "base/rng.h"

namespace linnet {
namespace {

constexpr size_t page_tokens = 4;

std::vector<int32_t> count_up(size_t n, int32_t from = 0) {
    std::vector<int32_t> out(n);
    for (size_t i = 0; i < n; i++) out[i] = from + static_cast<int32_t>(i);
    return out;
}

TEST(PagePool, GivesEveryPageOnce) {
    PagePool pool(3, page_tokens);
    std::set<uint32_t> pages;
    for (int i = 0; i < 3; i++) pages.insert(*pool.take());
    EXPECT_EQ(pages.size(), 3u);
    EXPECT_FALSE(pool.take());
    pool.release(1);
    EXPECT_EQ(pool.take(), 1u);
}

TEST(PagePool, FindsWhatItRemembersAndOnlyThat) {
    PagePool pool(4, page_tokens);
    auto tokens = count_up(12);
    uint32_t first = *pool.take(), second = *pool.take();
    pool.remember(std::nullopt, std::span(tokens).first(4), first);
    pool.remember(first, std::span(tokens).subspan(4, 4), second);
    pool.release(second);
    pool.release(first);
    EXPECT_EQ(pool.available(), 4u);
    EXPECT_EQ(pool.take_prefix(tokens), (std::vector{first, second}));
    EXPECT_EQ(pool.take_prefix(std::span(tokens).first(7)), (std::vector{first}));
    // The same tokens behind another start are other content.
    EXPECT_TRUE(pool.take_prefix(std::span(tokens).subspan(4)).empty());
    EXPECT_EQ(pool.held(), 2u);
}

TEST(PagePool, ForgetsTheOldestWhenItMust) {
    PagePool pool(2, page_tokens);
    auto a = count_up(4), b = count_up(4, 100);
    for (auto& tokens : {a, b}) {
        uint32_t page = *pool.take();
        pool.remember(std::nullopt, tokens, page);
        pool.release(page);
    }
    EXPECT_TRUE(pool.take());
    EXPECT_TRUE(pool.take_prefix(a).empty());
    EXPECT_EQ(pool.take_prefix(b).size(), 1u);
}

TEST(PagePool, FindsChildrenOfAPageThatIsKnownTwice) {
    PagePool pool(4, page_tokens);
    auto tokens = count_up(8);
    auto head = std::span(tokens).first(4), tail = std::span(tokens).subspan(4);
    uint32_t first = *pool.take(), copy = *pool.take(), child = *pool.take();
    pool.remember(std::nullopt, head, first);
    pool.remember(std::nullopt, head, copy);
    pool.remember(copy, tail, child);
    for (uint32_t page : {child, copy, first}) pool.release(page);
    EXPECT_EQ(pool.take_prefix(tokens), (std::vector{first, child}));
    // The copy is a page like any other again.
    pool.release(child);
    pool.release(first);
    uint32_t other = *pool.take(), another = *pool.take();
    pool.remember(other, tail, another);
    EXPECT_TRUE(pool.take_prefix(tail).empty());
}

// 10,000 random schedules against a model of what every page holds: no page is lost, none is shared
// by two that write it, and what a prefix returns always has the right content.
TEST(PagePool, SurvivesRandomSchedules) {
    struct Holder {
        std::vector<int32_t> tokens;
        std::vector<uint32_t> pages;
        size_t shared = 0;  // pages that came from a prefix
    };
    for (uint64_t seed = 0; seed < 10'000; seed++) {
        Rng rng(seed);
        size_t total = 1 + rng.below(12);
        PagePool pool(total, page_tokens);
        std::vector<std::vector<int32_t>> content(
            total);  // prefix that a page ends, as its owner wrote it
        std::vector<Holder> holders;
        for (int step = 0; step < 30; step++) {
            if (rng.below(2) == 0 && !holders.empty()) {
                size_t which = rng.below(holders.size());
                for (size_t i = holders[which].pages.size(); i-- > 0;)
                    pool.release(holders[which].pages[i]);
                holders.erase(holders.begin() + static_cast<ptrdiff_t>(which));
            } else {
                Holder holder;
                // Few different tokens, so that prefixes meet.
                for (size_t i = rng.below(20); i-- > 0;)
                    holder.tokens.push_back(static_cast<int32_t>(rng.below(2)));
                holder.pages = pool.take_prefix(holder.tokens);
                holder.shared = holder.pages.size();
                for (size_t i = 0; i < holder.shared; i++) {
                    auto prefix = std::span(holder.tokens).first((i + 1) * page_tokens);
                    ASSERT_TRUE(std::ranges::equal(content[holder.pages[i]], prefix))
                        << "seed " << seed;
                }
                size_t full = holder.tokens.size() / page_tokens;
                for (size_t i = holder.shared; i < full; i++) {
                    auto page = pool.take();
                    if (!page) break;
                    for (const Holder& other : holders)
                        ASSERT_EQ(std::ranges::count(other.pages, *page), 0) << "seed " << seed;
                    auto prefix = std::span(holder.tokens).first((i + 1) * page_tokens);
                    content[*page].assign(prefix.begin(), prefix.end());
                    auto parent = i == 0 ? std::nullopt : std::optional(holder.pages[i - 1]);
                    holder.pages.push_back(*page);
                    pool.remember(parent, prefix.last(page_tokens), *page);
                }
                holders.push_back(std::move(holder));
            }
            std::set<uint32_t> held;
            for (const Holder& holder : holders)
                held.insert(holder.pages.begin(), holder.pages.end());
            ASSERT_EQ(pool.held(), held.size()) << "seed " << seed;
            ASSERT_EQ(pool.available(), total - held.size()) << "seed " << seed;
        }
    }
}

}  // namespace
}  // namespace linnet
