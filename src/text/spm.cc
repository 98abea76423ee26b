// SentencePiece's BPE: two neighbours merge where the vocabulary has what they spell together, the
// best score first. Text comes with its spaces marked; characters that are no token become bytes.
#include <algorithm>
#include <map>
#include <numeric>

#include "base/text.h"
#include "text/model.h"
#include "text/unicode.h"

namespace linnet {
namespace {

class Spm final : public WordModel {
  public:
    Spm(const TokenizerData& data, const Vocabulary& vocabulary)
        : vocabulary_(vocabulary), unk_(data.special.unk), byte_fallback_(data.byte_fallback) {}

    Result<Done> load(const TokenizerData& data, std::vector<std::string>& warnings);
    void encode(std::string_view word, MergeWorkspace& work,
                std::vector<TokenId>& out) const override;
    void formed(std::string_view word, MergeWorkspace& work,
                std::vector<TokenId>& out) const override;

  private:
    void cut(std::string_view word, MergeWorkspace& work) const;
    TokenId find(std::string_view text) const {
        return text.size() > longest_ ? no_token : index_.find(vocabulary_.texts(), text);
    }
    // How unused tokens came to be: they merge like others and are taken apart at the end.
    using Origins = std::map<std::string_view, size_t>;
    void emit(std::string_view text, TokenId id, const Origins& origins,
              std::vector<TokenId>& out) const;
    void emit_bytes(std::string_view text, std::vector<TokenId>& out) const;

    const Vocabulary& vocabulary_;
    TextIndex index_;             // of what may be merged
    std::vector<uint32_t> rank_;  // by id: lower merges first; equal for equal scores
    TokenId unk_;
    bool byte_fallback_;
    bool any_unused_ = false;
    size_t longest_ = 0;
};

Result<Done> Spm::load(const TokenizerData& data, std::vector<std::string>& warnings) {
    auto count = static_cast<size_t>(vocabulary_.size());
    auto score = [&](size_t i) { return data.scores.empty() ? 0.0 : data.scores[i]; };
    auto mergeable = [&](size_t i) {
        TokenType type = vocabulary_.type(static_cast<TokenId>(i));
        return type == TokenType::Normal || type == TokenType::UserDefined ||
               type == TokenType::Unused;
    };
    if (data.scores.empty())
        warnings.push_back("the vocabulary has no scores; merges go by their place in the text");
    index_ = TRY(TextIndex::make(vocabulary_.texts(), mergeable));
    std::vector<uint32_t> order(count);
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(),
                     [&](uint32_t a, uint32_t b) { return score(a) > score(b); });
    rank_.resize(count);
    uint32_t rank = 0;
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && score(order[i]) != score(order[i - 1])) rank++;
        rank_[order[i]] = rank;
        if (!mergeable(i)) continue;
        longest_ = std::max(longest_, vocabulary_.text(static_cast<TokenId>(i)).size());
        any_unused_ |= vocabulary_.type(static_cast<TokenId>(i)) == TokenType::Unused;
    }
    return Done{};
}

void Spm::encode(std::string_view word, MergeWorkspace& work, std::vector<TokenId>& out) const {
    cut(word, work);
    Origins origins;
    merge_all(work, [&](const Symbol& left, const Symbol& right) {
        std::string_view both = word.substr(left.start, right.end - left.start);
        TokenId id = find(both);
        if (id == no_token) return Merged{};
        if (any_unused_ && vocabulary_.type(id) == TokenType::Unused)
            origins[both] = left.end - left.start;
        return Merged{rank_[static_cast<size_t>(id)], id};
    });
    for (const Symbol& symbol : work.symbols)
        emit(word.substr(symbol.start, symbol.end - symbol.start), symbol.id, origins, out);
}

void Spm::cut(std::string_view word, MergeWorkspace& work) const {
    work.symbols.clear();
    for (uint32_t at = 0; at < word.size();) {
        uint32_t length = decode_utf8(word, at).length;
        work.symbols.push_back(
            {find(word.substr(at, length)), at, at + length, no_rank, no_token, 0, 0});
        at += length;
    }
}

// What is asked for as a neighbour has come to be.
void Spm::formed(std::string_view word, MergeWorkspace& work, std::vector<TokenId>& out) const {
    cut(word, work);
    merge_all(work, [&](const Symbol& left, const Symbol& right) {
        out.push_back(left.id);
        out.push_back(right.id);
        TokenId id = find(word.substr(left.start, right.end - left.start));
        return id == no_token ? Merged{} : Merged{rank_[static_cast<size_t>(id)], id};
    });
    for (const Symbol& symbol : work.symbols) out.push_back(symbol.id);
}

void Spm::emit(std::string_view text, TokenId id, const Origins& origins,
               std::vector<TokenId>& out) const {
    if (id == no_token) return emit_bytes(text, out);
    if (vocabulary_.type(id) == TokenType::Unused) {
        auto origin = origins.find(text);
        if (origin != origins.end()) {
            std::string_view left = text.substr(0, origin->second);
            std::string_view right = text.substr(origin->second);
            emit(left, find(left), origins, out);
            return emit(right, find(right), origins, out);
        }
    }
    out.push_back(id);
}

void Spm::emit_bytes(std::string_view text, std::vector<TokenId>& out) const {
    bool known = byte_fallback_;
    for (char c : text)
        known = known && vocabulary_.byte_token(static_cast<uint8_t>(c)) != no_token;
    if (known)
        for (char c : text) out.push_back(vocabulary_.byte_token(static_cast<uint8_t>(c)));
    else if (unk_ != no_token && (out.empty() || out.back() != unk_))
        out.push_back(unk_);  // one for a run of them, as SentencePiece has it
}

}  // namespace

Result<std::unique_ptr<WordModel>> make_spm(const TokenizerData& data, const Vocabulary& vocabulary,
                                            std::vector<std::string>& warnings) {
    auto model = std::make_unique<Spm>(data, vocabulary);
    TRY(model->load(data, warnings));
    return std::unique_ptr<WordModel>(std::move(model));
}

}  // namespace linnet
