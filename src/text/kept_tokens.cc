// Why a subset cuts alike. Of a text that the whole vocabulary cuts into kept tokens, every merge
// happened within one of these, as merging its text alone does; all that comes up on that way is
// kept. Other merges that are left can only be fewer, so at each step the pair of lowest rank is
// the same. A unigram model takes the best of all cuts, which stays the best among fewer.
#include "text/kept_tokens.h"

#include <algorithm>
#include <numeric>

#include "base/text.h"
#include "text/model.h"
#include "text/special_tokens.h"
#include "text/unicode.h"
#include "text/vocabulary.h"

namespace linnet {
namespace {

using Kind = TokenizerData::Kind;

class Selection {
  public:
    Selection(const TokenizerData& data, const Vocabulary& vocabulary, const WordModel* words)
        : data_(data),
          vocabulary_(vocabulary),
          words_(words),
          kept_(static_cast<size_t>(vocabulary.size()), false) {}

    size_t size() const { return size_; }

    void keep(TokenId id) {
        if (!vocabulary_.has(id) || kept_[static_cast<size_t>(id)]) return;
        kept_[static_cast<size_t>(id)] = true;
        size_++;
    }

    // The token and what it is merged from, unless that makes more than size_max.
    void keep_reachable(TokenId id, size_t size_max) {
        // Of tokens that are spelled alike only the first is ever found.
        if (vocabulary_.find(vocabulary_.text(id)) != id) return;
        needed_ = {id};
        if (words_) words_->formed(word_of(id), work_, needed_);
        std::ranges::sort(needed_);
        auto rest = std::ranges::unique(needed_);
        needed_.erase(rest.begin(), rest.end());
        std::erase_if(needed_, [&](TokenId need) {
            return need == no_token || kept_[static_cast<size_t>(need)];
        });
        if (size_ + needed_.size() > size_max) return;
        for (TokenId need : needed_) keep(need);
    }

    void keep_what_must_stay();

    std::vector<TokenId> ids() const {
        std::vector<TokenId> out;
        out.reserve(size_);
        for (size_t i = 0; i < kept_.size(); i++)
            if (kept_[i]) out.push_back(static_cast<TokenId>(i));
        return out;
    }

  private:
    // Before it is merged: bytes, or text with its spaces marked.
    std::string_view word_of(TokenId id) const {
        return data_.byte_level ? vocabulary_.bytes(id) : vocabulary_.text(id);
    }
    bool merges_to_itself(TokenId id) {
        needed_.clear();
        words_->formed(word_of(id), work_, needed_);
        return !needed_.empty() && needed_.back() == id;
    }
    void keep_special();
    void keep_unused();
    void keep_characters();

    const TokenizerData& data_;
    const Vocabulary& vocabulary_;
    const WordModel* words_;
    MergeWorkspace work_;
    std::vector<bool> kept_;
    size_t size_ = 0;
    std::vector<TokenId> needed_;
};

void Selection::keep_what_must_stay() {
    bool all_bytes = true;
    for (int byte = 0; byte < 256; byte++) {
        TokenId id = vocabulary_.byte_token(static_cast<uint8_t>(byte));
        all_bytes &= id != no_token;
        keep(id);
    }
    keep_special();
    if (data_.kind == Kind::Spm) keep_unused();
    if (!data_.byte_level && !(data_.byte_fallback && all_bytes)) keep_characters();
    if (data_.kind != Kind::Unigram) return;
    // What an unknown character costs is counted from the least probable token.
    TokenId least = no_token;
    for (TokenId id = 0; id < vocabulary_.size(); id++) {
        if (vocabulary_.type(id) != TokenType::Normal || data_.scores.empty()) continue;
        const auto score = [&](TokenId of) { return data_.scores[static_cast<size_t>(of)]; };
        if (least == no_token || score(id) < score(least)) least = id;
    }
    keep(least);
}

void Selection::keep_special() {
    for (TokenId id = 0; id < vocabulary_.size(); id++) {
        TokenType type = vocabulary_.type(id);
        if (type != TokenType::Normal && type != TokenType::Unused) keep(id);
    }
    const SpecialTokens& s = data_.special;
    for (TokenId id : {s.bos, s.eos, s.eot, s.eom, s.unk, s.sep, s.pad, s.cls, s.mask, s.fim_prefix,
                       s.fim_suffix, s.fim_middle, s.fim_pad, s.fim_repo, s.fim_separator})
        keep(id);
    for (const auto* ids : {&data_.also_end, &data_.prefix, &data_.suffix})
        for (TokenId id : *ids) keep(id);
    for (const AddedToken& token : data_.added) keep(token.id);
}

// SentencePiece merges unused tokens like others and takes them apart at the end, so those that
// come up steer how text is cut though they never come out.
void Selection::keep_unused() {
    for (TokenId id = 0; id < vocabulary_.size(); id++)
        if (vocabulary_.type(id) == TokenType::Unused && merges_to_itself(id))
            keep_reachable(id, kept_.size());
}

// Without bytes to fall back on, a character is only known by its token.
void Selection::keep_characters() {
    for (TokenId id = 0; id < vocabulary_.size(); id++) {
        std::string_view text = vocabulary_.text(id);
        if (!text.empty() && decode_utf8(text, 0).length == text.size()) keep(id);
    }
}

}  // namespace

Result<std::vector<TokenId>> kept_tokens(TokenizerData data, std::span<const uint64_t> counts,
                                         size_t size) {
    check(counts.size() == data.tokens.size(), "one count for each token");
    bool merges = data.kind == Kind::Bpe || data.kind == Kind::Spm;
    if ((!merges && data.kind != Kind::Unigram) || !data.subword_prefix.empty() ||
        !data.word_suffix.empty())
        return Error{Code::Unsupported,
                     "the vocabulary is of a kind whose tokens cannot be left out",
                     "byte-level and SentencePiece BPE and unigram vocabularies can be trimmed"};
    if (size >= data.tokens.size())
        return Error{Code::Usage,
                     cat("the vocabulary has ", data.tokens.size(), " tokens, no more than ", size),
                     "ask for fewer"};
    settle_special_tokens(data);
    Vocabulary vocabulary = TRY(Vocabulary::make(data));
    std::vector<std::string> ignored;
    std::unique_ptr<WordModel> words;
    if (data.kind == Kind::Bpe) words = TRY(make_bpe(data, vocabulary, ignored));
    if (data.kind == Kind::Spm) words = TRY(make_spm(data, vocabulary, ignored));

    Selection selection(data, vocabulary, words.get());
    selection.keep_what_must_stay();
    if (selection.size() > size)
        return Error{
            Code::Usage,
            cat(selection.size(), " tokens must stay (bytes, control tokens), more than ", size),
            "ask for more tokens"};
    std::vector<TokenId> order(counts.size());
    std::iota(order.begin(), order.end(), 0);
    std::ranges::sort(order, [&](TokenId a, TokenId b) {
        const uint64_t of_a = counts[static_cast<size_t>(a)], of_b = counts[static_cast<size_t>(b)];
        return of_a != of_b ? of_a > of_b : a < b;
    });
    for (TokenId id : order) {
        if (selection.size() == size) break;
        selection.keep_reachable(id, size);
    }
    return selection.ids();
}

}  // namespace linnet
