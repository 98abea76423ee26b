// The tokens of a model: how each is spelled, what bytes it adds to a text, and the way from the
// spelling back to the id.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "text/tokenizer_data.h"

namespace linnet {

// Texts packed one behind the other, found by number.
class TextList {
  public:
    void add(std::string_view text) {
        packed_ += text;
        ends_.push_back(packed_.size());
    }
    size_t size() const { return ends_.size(); }
    std::string_view operator[](size_t i) const {
        size_t start = i == 0 ? 0 : ends_[i - 1];
        return std::string_view(packed_).substr(start, ends_[i] - start);
    }
    void reserve(size_t texts, size_t bytes) {
        ends_.reserve(texts);
        packed_.reserve(bytes);
    }

  private:
    std::string packed_;
    std::vector<size_t> ends_;
};

// From the texts of a TextList back to their numbers; the first of equal ones.
class TextIndex {
  public:
    // Numbers for which `wanted` is false are not found.
    template <class Wanted>
    static Result<TextIndex> make(const TextList& texts, Wanted wanted);

    // REQUIRES: `texts` is what the index was made of.
    TokenId find(const TextList& texts, std::string_view text) const;
    size_t duplicates() const { return duplicates_; }

  private:
    bool insert(const TextList& texts, size_t number);
    static constexpr int probes_max = 256;
    std::vector<uint32_t> slots_;  // number + 1; 0 is free
    uint64_t seed_ = 0;
    size_t duplicates_ = 0;
};

class Vocabulary {
  public:
    static constexpr size_t tokens_max = 4'000'000;
    static constexpr size_t token_bytes_max = 16'384;

    static Result<Vocabulary> make(const TokenizerData& data);

    int32_t size() const { return static_cast<int32_t>(texts_.size()); }
    bool has(TokenId id) const { return id >= 0 && id < size(); }
    // REQUIRES of these: has(id).
    std::string_view text(TokenId id) const { return texts_[static_cast<size_t>(id)]; }
    std::string_view bytes(TokenId id) const { return bytes_[static_cast<size_t>(id)]; }
    TokenType type(TokenId id) const { return types_[static_cast<size_t>(id)]; }

    TokenId find(std::string_view text) const { return index_.find(texts_, text); }
    // The token "<0x41>" or, in a byte-level vocabulary, the one that spells the byte.
    TokenId byte_token(uint8_t byte) const { return byte_tokens_[byte]; }

    const TextList& texts() const { return texts_; }
    const TextList& all_bytes() const { return bytes_; }
    size_t duplicates() const { return index_.duplicates(); }

  private:
    TextList texts_, bytes_;
    TextIndex index_;
    std::vector<TokenType> types_;
    std::vector<TokenId> byte_tokens_;
};

// The byte that "<0x0A>" stands for, or -1.
int byte_of_token(std::string_view text);
// GPT-2's alphabet: bytes as printable characters ("Ġ" is a space). Empty where a character of
// `text` is none of it.
std::string bytes_of_alphabet(std::string_view text);
std::string alphabet_of_bytes(std::string_view bytes);

template <class Wanted>
Result<TextIndex> TextIndex::make(const TextList& texts, Wanted wanted) {
    TextIndex index;
    size_t slots = 16;
    while (slots < texts.size() * 2) slots *= 2;
    for (; index.seed_ < 8; index.seed_++) {
        index.slots_.assign(slots, 0);
        index.duplicates_ = 0;
        bool done = true;
        for (size_t i = 0; i < texts.size() && done; i++)
            if (wanted(i)) done = index.insert(texts, i);
        if (done) return index;
    }
    return Error{Code::BadInput,
                 "the vocabulary's tokens all fall into the same places of a table"};
}

}  // namespace linnet
