#include "engine/cache_state.h"

#include <algorithm>

#include "engine/pages.h"
#include "engine/snapshots.h"
#include "model/model.h"

namespace linnet {
namespace {

constexpr size_t page_tokens = KvCache::page_tokens;

// Pages that are held until the end of a function, released the youngest first.
struct HeldPages {
    PagePool& pool;
    std::vector<uint32_t> pages;
    ~HeldPages() {
        for (; !pages.empty(); pages.pop_back()) pool.release(pages.back());
    }
};

std::vector<CacheState::Recurrent> known_states(CacheParts parts, std::span<const int32_t> tokens) {
    std::vector<CacheState::Recurrent> out;
    std::vector<float> values(parts.model.state_floats());
    while (out.size() < CacheState::recurrent_max) {
        size_t known = parts.snapshots.restore(tokens, values, parts.root);
        if (known == 0) break;
        out.push_back({known, values});
        tokens = tokens.first(known - 1);
    }
    std::ranges::reverse(out);
    return out;
}

bool fits(const CacheState& state, const Model& model, size_t page_bytes) {
    const size_t pages = state.tokens.size() / page_tokens;
    if (state.tokens.size() % page_tokens != 0 || state.pages.size() != pages * page_bytes)
        return false;
    const bool recurrent = model.state_floats() > 0;
    if (state.recurrent.empty() != (!recurrent || pages == 0)) return false;
    for (const CacheState::Recurrent& known : state.recurrent)
        if (known.values.size() != model.state_floats() || known.tokens == 0 ||
            known.tokens % page_tokens != 0 || known.tokens > state.tokens.size())
            return false;
    return true;
}

}  // namespace

CacheState save_cache(CacheParts parts, std::span<const int32_t> tokens) {
    CacheState out;
    HeldPages held{parts.pool, parts.pool.take_prefix(tokens, parts.root)};
    size_t count = held.pages.size();
    if (parts.model.state_floats() > 0) {
        out.recurrent = known_states(parts, tokens.first(count * page_tokens));
        count = out.recurrent.empty() ? 0 : out.recurrent.back().tokens / page_tokens;
    }
    for (size_t i = 0; i < count; i++) {
        const size_t before = out.pages.size();
        out.pages.resize(before + parts.cache.page_bytes());
        parts.cache.read_page(held.pages[i], out.pages.data() + before);
    }
    auto known = tokens.first(count * page_tokens);
    out.tokens.assign(known.begin(), known.end());
    return out;
}

Result<> restore_cache(CacheParts parts, const CacheState& state) {
    const size_t count = state.tokens.size() / page_tokens;
    if (count > parts.cache.pages() || !fits(state, parts.model, parts.cache.page_bytes()))
        return Error{Code::BadInput, "the state's sizes do not fit the model"};
    auto tokens = std::span(state.tokens);
    HeldPages held{parts.pool, parts.pool.take_prefix(tokens, parts.root)};
    while (held.pages.size() < count) {
        auto page = parts.pool.take();
        if (!page)
            return Error{Code::Busy, "running requests hold the pages that the state needs",
                         "try again when they are done"};
        const size_t bytes = parts.cache.page_bytes(), place = held.pages.size();
        parts.cache.write_page(*page, state.pages.data() + place * bytes);
        auto parent = held.pages.empty() ? std::nullopt : std::optional(held.pages.back());
        held.pages.push_back(*page);
        parts.pool.remember(parent, tokens.subspan(place * page_tokens, page_tokens), *page,
                            parts.root);
    }
    for (const CacheState::Recurrent& known : state.recurrent)
        parts.snapshots.remember(tokens.first(known.tokens), known.values, parts.root);
    return Done{};
}

}  // namespace linnet
