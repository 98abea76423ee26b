// Finds the tokens that are looked for in a text before it is normalised and cut: the leftmost, and
// of those that start at one place the longest.
#pragma once

#include <array>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "text/tokenizer_data.h"
#include "text/trie.h"
#include "text/unicode.h"

namespace linnet {

class AddedTokens {
  public:
    static constexpr size_t token_bytes_max = 1024;
    static constexpr size_t tokens_max = 500'000;

    // The tokens for which `normalized` is as given.
    static Result<AddedTokens> make(const std::vector<AddedToken>& tokens, bool normalized,
                                    const Unicode& unicode);
    bool empty() const { return tokens_.empty(); }

    // Calls part(text, id) for what lies between tokens (id is no_token) and for every token, in
    // order. Special tokens count only where `special` says so, and none that spans a break.
    template <class Part>
    void for_each_part(std::string_view text, bool special, std::span<const size_t> breaks,
                       Part part) const {
        size_t done = 0, at = 0;
        for (Found found; next(text, at, done, special, breaks, found); at = done = found.end) {
            if (found.begin > done) part(text.substr(done, found.begin - done), no_token);
            part(text.substr(found.begin, found.end - found.begin), found.id);
        }
        if (done < text.size()) part(text.substr(done), no_token);
    }

  private:
    struct Found {
        size_t begin = 0, end = 0;
        TokenId id = no_token;
    };
    bool next(std::string_view text, size_t at, size_t done, bool special,
              std::span<const size_t> breaks, Found& found) const;
    const AddedToken* match(const Trie& trie, std::string_view text, size_t at, size_t& end) const;

    std::vector<AddedToken> tokens_;
    Trie always_, all_;  // values are places in tokens_
    std::array<bool, 256> starts_always_{}, starts_all_{};
    CodeSet word_;
};

}  // namespace linnet
