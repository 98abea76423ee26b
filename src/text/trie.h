// A set of byte strings, walked byte by byte: which of them start here?
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "text/tokenizer_data.h"

namespace linnet {

class Trie {
  public:
    using Entry = std::pair<std::string_view, TokenId>;
    // Empty texts are left out; of equal ones the first counts.
    explicit Trie(std::vector<Entry> entries);
    Trie() : Trie(std::vector<Entry>()) {}

    static constexpr uint32_t root = 0;
    static constexpr uint32_t nowhere = 0xFFFF'FFFF;
    uint32_t step(uint32_t node, char byte) const;
    TokenId value(uint32_t node) const { return values_[node]; }  // no_token where no text ends

    struct Match {
        TokenId id = no_token;
        size_t length = 0;
    };
    // The longest text that starts at `at`.
    Match longest(std::string_view text, size_t at) const;
    bool empty() const { return values_.size() == 1; }

  private:
    // Nodes in order of depth: the children of one lie side by side, sorted by their byte.
    std::vector<uint32_t> first_child_;  // one more than there are nodes
    std::vector<uint8_t> label_;
    std::vector<TokenId> values_;
};

}  // namespace linnet
