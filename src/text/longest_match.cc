// WordPiece, as BERT has it: the longest token at the start of a word, then the longest that
// continues it; a word that cannot be made so is unknown as a whole. Also whole-word vocabularies,
// and RWKV's greedy longest match over bytes, which knows no words.
#include <algorithm>

#include "text/model.h"
#include "text/trie.h"
#include "text/unicode.h"

namespace linnet {
namespace {

bool is_plain(const Vocabulary& vocabulary, TokenId id) {
    TokenType type = vocabulary.type(id);
    return type == TokenType::Normal || type == TokenType::UserDefined;
}

class WordPiece final : public WordModel {
  public:
    WordPiece(const TokenizerData& data, const Vocabulary& vocabulary)
        : unk_(data.special.unk), chars_max_(data.word_chars_max) {
        // GGUF marks what starts a word, tokenizer.json what continues one.
        const std::string& mark = data.space_mark;
        const std::string& prefix = data.subword_prefix;
        std::vector<Trie::Entry> starts, rests;
        for (TokenId id = 0; id < vocabulary.size(); id++) {
            if (!is_plain(vocabulary, id)) continue;
            std::string_view text = vocabulary.text(id);
            if (mark.empty() ? !text.starts_with(prefix) || prefix.empty() : text.starts_with(mark))
                starts.push_back({text.substr(mark.size()), id});
            if (mark.empty() ? text.starts_with(prefix) : !text.starts_with(mark))
                rests.push_back({text.substr(mark.empty() ? prefix.size() : 0), id});
        }
        starts_ = Trie(std::move(starts));
        rests_ = Trie(std::move(rests));
    }

    void encode(std::string_view word, MergeWorkspace&, std::vector<TokenId>& out) const override {
        size_t before = out.size();
        if (!cut(word, out)) {
            out.resize(before);
            if (unk_ != no_token) out.push_back(unk_);
        }
    }

  private:
    bool cut(std::string_view word, std::vector<TokenId>& out) const {
        if (word.size() > chars_max_) {
            size_t chars = 0;
            for (size_t at = 0; at < word.size(); chars++) at += decode_utf8(word, at).length;
            if (chars > chars_max_) return false;
        }
        for (size_t at = 0; at < word.size();) {
            Trie::Match match = (at == 0 ? starts_ : rests_).longest(word, at);
            if (match.id == no_token) return false;
            out.push_back(match.id);
            at += match.length;
        }
        return true;
    }

    Trie starts_, rests_;
    TokenId unk_;
    size_t chars_max_;
};

class WordLevel final : public WordModel {
  public:
    WordLevel(const TokenizerData& data, const Vocabulary& vocabulary)
        : vocabulary_(vocabulary), unk_(data.special.unk) {}

    void encode(std::string_view word, MergeWorkspace&, std::vector<TokenId>& out) const override {
        TokenId id = vocabulary_.find(word);
        if (id == no_token || !is_plain(vocabulary_, id)) id = unk_;
        if (id != no_token) out.push_back(id);
    }

  private:
    const Vocabulary& vocabulary_;
    TokenId unk_;
};

class Rwkv final : public WordModel {
  public:
    Rwkv(const TokenizerData& data, const Vocabulary& vocabulary) : unk_(data.special.unk) {
        std::vector<Trie::Entry> entries;
        for (TokenId id = 0; id < vocabulary.size(); id++)
            if (is_plain(vocabulary, id)) entries.push_back({vocabulary.text(id), id});
        trie_ = Trie(std::move(entries));
    }

    void encode(std::string_view word, MergeWorkspace&, std::vector<TokenId>& out) const override {
        for (size_t at = 0; at < word.size();) {
            Trie::Match match = trie_.longest(word, at);
            TokenId id = match.id == no_token ? unk_ : match.id;
            if (id != no_token) out.push_back(id);
            at += std::max<size_t>(match.length, 1);
        }
    }

  private:
    Trie trie_;
    TokenId unk_;
};

}  // namespace

std::unique_ptr<WordModel> make_wordpiece(const TokenizerData& data, const Vocabulary& vocabulary) {
    return std::make_unique<WordPiece>(data, vocabulary);
}
std::unique_ptr<WordModel> make_word_level(const TokenizerData& data,
                                           const Vocabulary& vocabulary) {
    return std::make_unique<WordLevel>(data, vocabulary);
}
std::unique_ptr<WordModel> make_rwkv(const TokenizerData& data, const Vocabulary& vocabulary) {
    return std::make_unique<Rwkv>(data, vocabulary);
}

}  // namespace linnet
