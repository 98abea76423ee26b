// Which sequence has which page of the cache. Full pages of a prompt are remembered by the tokens
// that led to them, so that a later prompt that starts alike takes them over instead of computing
// them again. Not thread-safe; the engine owns it.
#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

namespace linnet {

class PagePool {
  public:
    PagePool(size_t pages, size_t page_tokens);

    // The longest remembered chain of full pages that `tokens` starts with; each is now held once
    // more.
    std::vector<uint32_t> take_prefix(std::span<const int32_t> tokens, uint64_t root = 0);
    // A page of its own, forgetting the least recently used remembered page if need be; nothing
    // where all are held.
    std::optional<uint32_t> take();
    // A page that a holder no longer needs. REQUIRES: the caller holds it.
    void release(uint32_t page);

    // Remembers that `page`, which the caller holds, has the keys and values of these page_tokens
    // tokens behind `parent` (nothing at the start: then behind `root`). If another page with the
    // same content is remembered already, that one stays, and this one is a parent like it.
    void remember(std::optional<uint32_t> parent, std::span<const int32_t> tokens, uint32_t page,
                  uint64_t root = 0);
    // Where chains begin that share no page with others, whatever their tokens.
    uint64_t new_root() { return next_identity_++; }

    size_t available() const { return free_.size() + idle_.size(); }  // what take() can give
    size_t held() const;

  private:
    struct Page {
        uint32_t holders = 0;
        bool remembered = false;
        uint64_t identity = 0;  // of its content, never used twice; 0 where that is unknown
        uint64_t parent_identity = 0;
        std::vector<int32_t> tokens;  // of the content
        std::list<uint32_t>::iterator idle{};
    };
    using Key = std::pair<uint64_t, std::vector<int32_t>>;  // parent's identity, own tokens
    void hold(uint32_t page);
    void forget(uint32_t page);

    size_t page_tokens_;
    uint64_t next_identity_ = 1;
    std::vector<Page> pages_;
    std::vector<uint32_t> free_;
    std::list<uint32_t> idle_;  // remembered and held by nobody, the least recently used first
    std::map<Key, uint32_t> by_content_;
};

}  // namespace linnet
