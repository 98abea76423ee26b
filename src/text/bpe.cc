// Byte-pair encoding with ranked merges: byte-level (GPT-2 and most since) or over characters.

#include "base/text.h"
#include "text/hash.h"
#include "text/model.h"
#include "text/unicode.h"

namespace linnet {
namespace {

constexpr size_t merges_max = 8'000'000;

// From two neighbouring tokens to what they become.
class PairTable {
  public:
    struct Entry {
        TokenId left = no_token, right = no_token;
        uint32_t rank = no_rank;
        TokenId id = no_token;
    };

    // False where too many pairs fall into one place. The first of equal pairs counts.
    bool build(const std::vector<Entry>& pairs, uint64_t seed) {
        seed_ = seed;
        size_t slots = 16;
        while (slots < pairs.size() * 2) slots *= 2;
        slots_.assign(slots, {});
        for (const Entry& pair : pairs) {
            size_t at = place(pair.left, pair.right);
            int probe = 0;
            for (; probe < probes_max && slots_[at].rank != no_rank; probe++) {
                if (slots_[at].left == pair.left && slots_[at].right == pair.right) break;
                at = (at + 1) & (slots_.size() - 1);
            }
            if (probe == probes_max) return false;
            if (slots_[at].rank == no_rank) slots_[at] = pair;
        }
        return true;
    }

    Merged find(TokenId left, TokenId right) const {
        for (size_t at = place(left, right);; at = (at + 1) & (slots_.size() - 1)) {
            const Entry& entry = slots_[at];
            if (entry.left == left && entry.right == right) return {entry.rank, entry.id};
            if (entry.rank == no_rank) return {};
        }
    }

  private:
    static constexpr int probes_max = 256;
    size_t place(TokenId left, TokenId right) const {
        uint64_t key =
            static_cast<uint64_t>(static_cast<uint32_t>(left)) << 32 | static_cast<uint32_t>(right);
        return mix_hash(key, seed_) & (slots_.size() - 1);
    }
    std::vector<Entry> slots_;
    uint64_t seed_ = 0;
};

class Bpe final : public WordModel {
  public:
    Bpe(const TokenizerData& data, const Vocabulary& vocabulary)
        : vocabulary_(vocabulary),
          unk_(data.drop_unknown ? no_token : data.special.unk),
          byte_level_(data.byte_level),
          byte_fallback_(data.byte_fallback),
          fuse_unk_(data.fuse_unk),
          ignore_merges_(data.ignore_merges),
          prefix_(data.subword_prefix),
          suffix_(data.word_suffix) {}

    Result<Done> load(const TokenizerData& data, std::vector<std::string>& warnings);
    void encode(std::string_view word, MergeWorkspace& work,
                std::vector<TokenId>& out) const override;
    void formed(std::string_view word, MergeWorkspace& work,
                std::vector<TokenId>& out) const override;

  private:
    void cut(std::string_view word, MergeWorkspace& work) const;
    void warn_of_missing_bytes(std::vector<std::string>& warnings) const;
    void split_bytes(std::string_view word, std::vector<Symbol>& symbols) const;
    void split_characters(std::string_view word, std::vector<Symbol>& symbols) const;
    TokenId character(std::string_view word, size_t at, size_t length) const;

    const Vocabulary& vocabulary_;
    TokenId unk_;
    bool byte_level_, byte_fallback_, fuse_unk_, ignore_merges_;
    std::string prefix_, suffix_;
    PairTable pairs_;
    TextIndex whole_;  // ignore_merges: from a word's bytes to its token
};

Result<Done> Bpe::load(const TokenizerData& data, std::vector<std::string>& warnings) {
    if (data.merges.size() > merges_max)
        return Error{Code::BadInput, cat("a vocabulary with ", data.merges.size(),
                                         " merges; at most ", merges_max, " are read")};
    std::vector<PairTable::Entry> pairs;
    pairs.reserve(data.merges.size());
    size_t missing = 0;
    std::string whole;
    for (size_t i = 0; i < data.merges.size(); i++) {
        const auto& merge = data.merges[i];
        TokenId left = vocabulary_.find(merge.left), right = vocabulary_.find(merge.right);
        std::string_view tail = merge.right;
        if (!prefix_.empty() && tail.starts_with(prefix_)) tail.remove_prefix(prefix_.size());
        whole = merge.left;
        whole += tail;
        TokenId id = vocabulary_.find(whole);
        if (left == no_token || right == no_token || id == no_token)
            missing++;
        else
            pairs.push_back({left, right, static_cast<uint32_t>(i), id});
    }
    if (missing > 0)
        warnings.push_back(cat(missing, " of ", data.merges.size(),
                               " merges name tokens that the vocabulary lacks and are left out"));
    uint64_t seed = 0;
    while (!pairs_.build(pairs, seed))
        if (++seed == 8) return Error{Code::BadInput, "the merges all fall into the same places"};
    if (byte_level_) warn_of_missing_bytes(warnings);
    if (ignore_merges_) {
        const auto& types = data.types;
        whole_ = TRY(TextIndex::make(vocabulary_.all_bytes(), [&](size_t i) {
            return types.empty() || types[i] == TokenType::Normal;
        }));
    }
    return Done{};
}

// Vocabularies lack some control characters and bytes that UTF-8 does not use, which harms nobody.
void Bpe::warn_of_missing_bytes(std::vector<std::string>& warnings) const {
    size_t missing = 0;
    for (int byte = 0; byte < 256; byte++) {
        bool usual = byte == '\t' || byte == '\n' || byte == '\r' || (byte >= ' ' && byte < 0x7F) ||
                     (byte >= 0x80 && byte <= 0xBF) || (byte >= 0xC2 && byte <= 0xF0);
        missing += usual && vocabulary_.byte_token(static_cast<uint8_t>(byte)) == no_token;
    }
    if (missing > 0)
        warnings.push_back(cat(missing, " bytes that texts are made of have no token; text with ",
                               "them ",
                               unk_ == no_token ? "loses them" : "gets the unknown token"));
}

void Bpe::split_bytes(std::string_view word, std::vector<Symbol>& symbols) const {
    for (uint32_t i = 0; i < word.size(); i++) {
        TokenId id = vocabulary_.byte_token(static_cast<uint8_t>(word[i]));
        symbols.push_back({id, i, i + 1, no_rank, no_token, 0, 0});
    }
    if (!suffix_.empty())
        symbols.back().id =
            vocabulary_.find(alphabet_of_bytes(word.substr(word.size() - 1)) + suffix_);
}

// The token of the character at `at`, as it stands within the word.
TokenId Bpe::character(std::string_view word, size_t at, size_t length) const {
    std::string_view plain = word.substr(at, length);
    bool first = at == 0, last = at + length == word.size();
    if ((prefix_.empty() || first) && (suffix_.empty() || !last)) return vocabulary_.find(plain);
    std::string spelled = first ? std::string() : prefix_;
    spelled += plain;
    if (last) spelled += suffix_;
    return vocabulary_.find(spelled);
}

void Bpe::split_characters(std::string_view word, std::vector<Symbol>& symbols) const {
    for (size_t at = 0; at < word.size();) {
        size_t length = decode_utf8(word, at).length;
        TokenId id = character(word, at, length);
        auto start = static_cast<uint32_t>(at);
        // Bytes of a character that is no token are symbols of their own, and may be merged.
        bool fall_back = id == no_token && byte_fallback_;
        for (size_t i = 0; i < length && fall_back; i++)
            fall_back = vocabulary_.byte_token(static_cast<uint8_t>(word[at + i])) != no_token;
        if (fall_back) {
            for (uint32_t i = start; i < start + length; i++)
                symbols.push_back({vocabulary_.byte_token(static_cast<uint8_t>(word[i])), i, i + 1,
                                   no_rank, no_token, 0, 0});
        } else {
            symbols.push_back(
                {id, start, start + static_cast<uint32_t>(length), no_rank, no_token, 0, 0});
        }
        at += length;
    }
}

void Bpe::encode(std::string_view word, MergeWorkspace& work, std::vector<TokenId>& out) const {
    if (ignore_merges_) {
        TokenId id = whole_.find(vocabulary_.all_bytes(), word);
        if (id != no_token) {
            out.push_back(id);
            return;
        }
    }
    cut(word, work);
    merge_all(work, [&](const Symbol& left, const Symbol& right) {
        return pairs_.find(left.id, right.id);
    });
    bool was_unknown = false;
    for (const Symbol& symbol : work.symbols) {
        bool unknown = symbol.id == no_token;
        TokenId id = unknown ? unk_ : symbol.id;
        if (id != no_token && !(unknown && was_unknown && fuse_unk_)) out.push_back(id);
        was_unknown = unknown;
    }
}

void Bpe::cut(std::string_view word, MergeWorkspace& work) const {
    work.symbols.clear();
    if (byte_level_)
        split_bytes(word, work.symbols);
    else
        split_characters(word, work.symbols);
}

// What is asked for as a neighbour has come to be.
void Bpe::formed(std::string_view word, MergeWorkspace& work, std::vector<TokenId>& out) const {
    cut(word, work);
    merge_all(work, [&](const Symbol& left, const Symbol& right) {
        out.push_back(left.id);
        out.push_back(right.id);
        return pairs_.find(left.id, right.id);
    });
    for (const Symbol& symbol : work.symbols) out.push_back(symbol.id);
}

}  // namespace

Result<std::unique_ptr<WordModel>> make_bpe(const TokenizerData& data, const Vocabulary& vocabulary,
                                            std::vector<std::string>& warnings) {
    auto model = std::make_unique<Bpe>(data, vocabulary);
    TRY(model->load(data, warnings));
    return std::unique_ptr<WordModel>(std::move(model));
}

}  // namespace linnet
