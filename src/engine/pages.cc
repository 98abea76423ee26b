#include "engine/pages.h"

#include "base/result.h"

namespace linnet {

PagePool::PagePool(size_t pages, size_t page_tokens) : page_tokens_(page_tokens), pages_(pages) {
    // The lowest numbers first: they take memory when first written.
    for (size_t page = pages; page-- > 0;) free_.push_back(static_cast<uint32_t>(page));
}

std::vector<uint32_t> PagePool::take_prefix(std::span<const int32_t> tokens, uint64_t root) {
    std::vector<uint32_t> chain;
    uint64_t parent = root;
    while (tokens.size() >= page_tokens_) {
        auto head = tokens.first(page_tokens_);
        auto found = by_content_.find(Key(parent, {head.begin(), head.end()}));
        if (found == by_content_.end()) break;
        hold(found->second);
        chain.push_back(found->second);
        parent = pages_[found->second].identity;
        tokens = tokens.subspan(page_tokens_);
    }
    return chain;
}

std::optional<uint32_t> PagePool::take() {
    if (free_.empty()) {
        if (idle_.empty()) return std::nullopt;
        uint32_t oldest = idle_.front();
        forget(oldest);
    }
    uint32_t page = free_.back();
    free_.pop_back();
    pages_[page].holders = 1;
    return page;
}

void PagePool::hold(uint32_t page) {
    if (pages_[page].holders++ == 0) idle_.erase(pages_[page].idle);
}

void PagePool::release(uint32_t page) {
    Page& state = pages_[page];
    check(state.holders > 0, "a page is released by who holds it");
    if (--state.holders > 0) return;
    if (state.remembered) {
        state.idle = idle_.insert(idle_.end(), page);
    } else {
        state.identity = 0;
        free_.push_back(page);
    }
}

void PagePool::remember(std::optional<uint32_t> parent, std::span<const int32_t> tokens,
                        uint32_t page, uint64_t root) {
    Page& state = pages_[page];
    check(state.holders > 0 && tokens.size() == page_tokens_, "a held, full page is remembered");
    if (state.identity != 0) return;
    // A parent of unknown content cannot be found again, so neither could its children.
    if (parent && pages_[*parent].identity == 0) return;
    uint64_t parent_identity = parent ? pages_[*parent].identity : root;
    Key key(parent_identity, {tokens.begin(), tokens.end()});
    if (auto found = by_content_.find(key); found != by_content_.end()) {
        // Children of this page are found behind the one that has the same content.
        state.identity = pages_[found->second].identity;
        return;
    }
    by_content_.emplace(std::move(key), page);
    state.remembered = true;
    state.identity = next_identity_++;
    state.parent_identity = parent_identity;
    state.tokens.assign(tokens.begin(), tokens.end());
}

// Children of a forgotten page keep their key, which names an identity that never comes again: they
// are found no more, and go when they are the oldest.
void PagePool::forget(uint32_t page) {
    Page& state = pages_[page];
    check(state.remembered && state.holders == 0, "only idle pages are forgotten");
    by_content_.erase(Key(state.parent_identity, std::move(state.tokens)));
    idle_.erase(state.idle);
    state = Page{};
    free_.push_back(page);
}

size_t PagePool::held() const {
    size_t count = 0;
    for (const Page& page : pages_) count += page.holders > 0;
    return count;
}

}  // namespace linnet
