// The unigram model: of all ways to cut a piece into tokens the one whose scores, logarithms of
// probabilities, add up to most (Kudo 2018; the search is Viterbi's).
#include <algorithm>
#include <limits>

#include "base/text.h"
#include "text/model.h"
#include "text/trie.h"
#include "text/unicode.h"

namespace linnet {
namespace {

class Unigram final : public WordModel {
  public:
    Unigram(const TokenizerData& data, const Vocabulary& vocabulary);
    void encode(std::string_view word, MergeWorkspace& work,
                std::vector<TokenId>& out) const override;

  private:
    struct Best {
        double score = 0;
        uint32_t start = 0;     // of the last token on the way here
        TokenId id = no_token;  // of that token; no_token where it is unknown
        bool reached = false;
    };
    void emit_unknown(std::string_view text, std::vector<TokenId>& out) const;

    double rounded(double total) const {
        return single_precision_ ? static_cast<double>(static_cast<float>(total)) : total;
    }

    const Vocabulary& vocabulary_;
    Trie trie_;
    std::vector<double> scores_;
    double unk_score_ = 0;
    TokenId unk_;
    bool byte_fallback_;
    // Rounding decides between cuts of equal sums: SentencePiece adds in single precision, Hugging
    // Face's tokenizers in double.
    bool single_precision_;
};

Unigram::Unigram(const TokenizerData& data, const Vocabulary& vocabulary)
    : vocabulary_(vocabulary),
      scores_(data.scores),
      unk_(data.special.unk),
      byte_fallback_(data.byte_fallback),
      single_precision_(data.scores_are_single) {
    constexpr double unk_penalty = 10;
    scores_.resize(static_cast<size_t>(vocabulary.size()));
    double least = std::numeric_limits<double>::max();
    std::vector<Trie::Entry> entries;
    for (TokenId id = 0; id < vocabulary.size(); id++) {
        TokenType type = vocabulary.type(id);
        double& score = scores_[static_cast<size_t>(id)];
        if (type == TokenType::UserDefined) score = 0;
        if (type == TokenType::Normal) least = std::min(least, score);
        if (type == TokenType::Normal || type == TokenType::UserDefined)
            entries.push_back({vocabulary.text(id), id});
    }
    unk_score_ = rounded((entries.empty() ? 0 : least) - unk_penalty);
    trie_ = Trie(std::move(entries));
}

void Unigram::encode(std::string_view word, MergeWorkspace& work, std::vector<TokenId>& out) const {
    std::vector<Best> best(word.size() + 1);
    best[0].reached = true;
    auto offer = [&](size_t start, size_t end, double score, TokenId id) {
        Best& target = best[end];
        double total = rounded(best[start].score + score);
        if (target.reached && total <= target.score) return;
        target = {total, static_cast<uint32_t>(start), id, true};
    };
    for (size_t at = 0; at < word.size();) {
        size_t length = decode_utf8(word, at).length;
        bool single = false;
        uint32_t node = Trie::root;
        for (size_t end = at; end < word.size();) {
            node = trie_.step(node, word[end++]);
            if (node == Trie::nowhere) break;
            TokenId id = trie_.value(node);
            if (id == no_token) continue;
            offer(at, end, scores_[static_cast<size_t>(id)], id);
            single |= end == at + length;
        }
        if (!single) offer(at, at + length, unk_score_, no_token);
        at += length;
    }
    // Back along the best way; a run of unknown characters counts as one.
    struct Part {
        size_t start, end;
        TokenId id;
    };
    std::vector<Part> parts;
    for (size_t end = word.size(); end > 0;) {
        const Best& step = best[end];
        if (step.id == no_token && !parts.empty() && parts.back().id == no_token)
            parts.back().start = step.start;
        else
            parts.push_back({step.start, end, step.id});
        end = step.start;
    }
    (void)work;
    for (size_t i = parts.size(); i-- > 0;) {
        if (parts[i].id == no_token)
            emit_unknown(word.substr(parts[i].start, parts[i].end - parts[i].start), out);
        else
            out.push_back(parts[i].id);
    }
}

void Unigram::emit_unknown(std::string_view text, std::vector<TokenId>& out) const {
    bool known = byte_fallback_;
    for (char c : text)
        known = known && vocabulary_.byte_token(static_cast<uint8_t>(c)) != no_token;
    if (known)
        for (char c : text) out.push_back(vocabulary_.byte_token(static_cast<uint8_t>(c)));
    else if (unk_ != no_token)
        out.push_back(unk_);
}

}  // namespace

std::unique_ptr<WordModel> make_unigram(const TokenizerData& data, const Vocabulary& vocabulary) {
    return std::make_unique<Unigram>(data, vocabulary);
}

}  // namespace linnet
