#include "text/tokenizer.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "text/pre_tokenizers.h"
#include "text/special_tokens.h"
#include "text/tokenizer_state.h"

namespace linnet {
namespace {

std::string kind_name(const TokenizerData& data) {
    switch (data.kind) {
        case TokenizerData::Kind::Bpe:
            return data.byte_level ? "byte-level BPE" : "BPE";
        case TokenizerData::Kind::Spm:
            return "SentencePiece BPE";
        case TokenizerData::Kind::Unigram:
            return "unigram";
        case TokenizerData::Kind::WordPiece:
            return "WordPiece";
        case TokenizerData::Kind::Rwkv:
            return "RWKV trie";
        case TokenizerData::Kind::WordLevel:
            return "whole words";
    }
    return "";
}

Result<std::unique_ptr<WordModel>> make_model(const TokenizerData& data,
                                              const Vocabulary& vocabulary,
                                              std::vector<std::string>& warnings) {
    switch (data.kind) {
        case TokenizerData::Kind::Bpe:
            return make_bpe(data, vocabulary, warnings);
        case TokenizerData::Kind::Spm:
            return make_spm(data, vocabulary, warnings);
        case TokenizerData::Kind::Unigram:
            return make_unigram(data, vocabulary);
        case TokenizerData::Kind::WordPiece:
            return make_wordpiece(data, vocabulary);
        case TokenizerData::Kind::Rwkv:
            return make_rwkv(data, vocabulary);
        case TokenizerData::Kind::WordLevel:
            return make_word_level(data, vocabulary);
    }
    fail("every kind of tokenizer is listed");
}

// Control and user-defined tokens are looked for in text where the file lists no added tokens.
void add_tokens_by_type(TokenizerData& data) {
    if (!data.added.empty()) return;
    for (size_t i = 0; i < data.types.size() && i < data.tokens.size(); i++) {
        TokenType type = data.types[i];
        bool special = type == TokenType::Control || type == TokenType::Unknown;
        if (!special && type != TokenType::UserDefined) continue;
        data.added.push_back(
            {.id = static_cast<TokenId>(i), .text = data.tokens[i], .special = special});
    }
}

// Each place of a text may be the start of a token, so time grows with the longest one.
constexpr size_t walked_token_bytes_max = 1024;

Result<Done> check_data(const TokenizerData& data) {
    size_t count = data.tokens.size();
    auto matches = [&](size_t size) { return size == 0 || size == count; };
    bool walks = data.kind == TokenizerData::Kind::Unigram ||
                 data.kind == TokenizerData::Kind::Rwkv ||
                 data.kind == TokenizerData::Kind::WordPiece;
    for (const std::string& token : data.tokens)
        if (walks && token.size() > walked_token_bytes_max)
            return Error{Code::BadInput, cat("a token of ", token.size(), " bytes; at most ",
                                             walked_token_bytes_max, " are read in a ",
                                             kind_name(data), " vocabulary")};
    if (!matches(data.types.size()) || !matches(data.scores.size()))
        return Error{Code::BadInput,
                     cat("the vocabulary has ", count, " tokens but ", data.types.size(),
                         " types and ", data.scores.size(), " scores")};
    auto exists = [&](TokenId id) { return id >= 0 && static_cast<size_t>(id) < count; };
    for (const AddedToken& token : data.added)
        if (!exists(token.id))
            return Error{Code::BadInput, cat("the added token '", printable(token.text, 80),
                                             "' has the id ", token.id, ", which does not exist")};
    for (const auto* ids : {&data.prefix, &data.suffix})
        for (TokenId id : *ids)
            if (!exists(id))
                return Error{Code::BadInput,
                             cat("token ", id, ", put around every text, does not exist")};
    return Done{};
}

// Tokens without a mark behind its first letters cannot cross the start of a mark: text may be cut
// there, which makes words of what would be one piece. Not so in unigram models: which of two equal
// cuts wins there depends on the rounding of the sum since the piece began.
void cut_before_marks(TokenizerData& data) {
    const std::string& mark = data.space_mark;
    bool merges = data.kind == TokenizerData::Kind::Bpe || data.kind == TokenizerData::Kind::Spm;
    if (mark.empty() || !merges || data.ignore_merges) return;
    bool mark_is_token = false;
    for (size_t i = 0; i < data.tokens.size(); i++) {
        bool plain = data.types.empty() || data.types[i] == TokenType::Normal ||
                     data.types[i] == TokenType::Unused;
        std::string_view text = data.tokens[i];
        if (!plain) continue;
        mark_is_token |= text == mark;
        while (text.starts_with(mark)) text.remove_prefix(mark.size());
        if (text.find(mark) != text.npos) return;
    }
    if (!mark_is_token) return;
    data.splits.push_back({.kind = SplitStep::Kind::BeforeMark, .text = mark});
}

// Where no steps are given, those of the named pre-tokenizer.
void choose_splits(TokenizerData& data) {
    if (data.kind != TokenizerData::Kind::Bpe || data.pre.empty()) return;
    auto named = pre_tokenizer_of(data.pre);
    if (!named) {
        data.warnings.push_back(cat(
            "the pre-tokenizer '", printable(data.pre, 80), "' is not known; text is cut as for '",
            pre_tokenizer_for_unknown, "', and what the model says may suffer"));
        named = pre_tokenizer_of(pre_tokenizer_for_unknown);
    }
    data.splits = named->steps;
}

}  // namespace

Tokenizer::Tokenizer(std::unique_ptr<const State> state) : state_(std::move(state)) {}
Tokenizer::Tokenizer(Tokenizer&&) noexcept = default;
Tokenizer& Tokenizer::operator=(Tokenizer&&) noexcept = default;
Tokenizer::~Tokenizer() = default;

Result<Tokenizer> Tokenizer::make(TokenizerData data) {
    TRY(check_data(data));
    settle_special_tokens(data);
    add_tokens_by_type(data);
    choose_splits(data);
    cut_before_marks(data);
    auto state = std::make_unique<State>();
    Unicode unicode;
    state->normalizer = TRY(Normalizer::make(data.normalizers, unicode));
    for (AddedToken& token : data.added)
        if (token.normalized) token.text = state->normalizer.run(token.text);
    state->vocabulary = TRY(Vocabulary::make(data));
    if (size_t twice = state->vocabulary.duplicates(); twice > 0)
        data.warnings.push_back(cat(twice, " tokens are spelled like an earlier one"));
    state->added = TRY(AddedTokens::make(data.added, false, unicode));
    state->added_normalized = TRY(AddedTokens::make(data.added, true, unicode));
    state->splits = TRY(PreTokenizer::make(data.splits, unicode));
    state->model = TRY(make_model(data, state->vocabulary, data.warnings));
    state->special = data.special;
    state->prefix = data.prefix;
    state->suffix = data.suffix;
    if (state->prefix.empty() && data.special.bos != no_token)
        state->prefix.push_back(data.special.bos);
    if (state->suffix.empty() && data.special.eos != no_token)
        state->suffix.push_back(data.special.eos);
    state->adds_prefix = !data.prefix.empty() || (data.add_bos && !state->prefix.empty());
    state->adds_suffix = !data.suffix.empty() || (data.add_eos && !state->suffix.empty());
    state->drop_first_space = data.drop_first_space;
    state->ends = ends_of(data);
    state->kind = kind_name(data);
    state->warnings = std::move(data.warnings);
    return Tokenizer(std::move(state));
}

void Tokenizer::State::encode_word(std::string_view word, MergeWorkspace& work,
                                   std::vector<TokenId>& out) const {
    if (word.size() > WordCache::word_bytes_max) {
        for (; word.size() >= WordModel::word_bytes_max;
             word.remove_prefix(WordModel::word_bytes_max - 1))
            model->encode(word.substr(0, WordModel::word_bytes_max - 1), work, out);
        return model->encode(word, work, out);
    }
    WordCache::Key key = WordCache::key(word);
    if (cache.find(key, out)) return;
    size_t before = out.size();
    model->encode(word, work, out);
    if (out.size() - before <= WordCache::ids_max) cache.store(key, std::span(out).subspan(before));
}

void Tokenizer::State::encode_part(std::string_view text, bool first, bool special_too,
                                   MergeWorkspace& work, std::vector<TokenId>& out) const {
    std::string changed;
    // What comes behind something that was taken away is no beginning, to Hugging Face.
    first = first && !normalizer.strips_front(text);
    if (!normalizer.empty()) text = changed = normalizer.run(text);
    added_normalized.for_each_part(text, special_too, {}, [&](std::string_view part, TokenId id) {
        if (id != no_token) return out.push_back(id);
        splits.split(part, first && part.data() == text.data(),
                     [&](std::string_view word) { encode_word(word, work, out); });
    });
}

std::vector<TokenId> Tokenizer::encode(std::string_view text, EncodeOptions options) const {
    using Add = EncodeOptions::Add;
    const State& s = *state_;
    std::vector<TokenId> out;
    out.reserve(text.size() / 4 + 8);
    if (options.bos == Add::Yes || (options.bos == Add::AsModel && s.adds_prefix)) out = s.prefix;
    MergeWorkspace work;
    bool special = options.parse_special;
    s.added.for_each_part(text, special, options.breaks, [&](std::string_view part, TokenId id) {
        if (id != no_token) return out.push_back(id);
        auto begin = static_cast<size_t>(part.data() - text.data());
        auto inside = std::ranges::upper_bound(options.breaks, begin);
        bool broken = inside != options.breaks.end() && *inside < begin + part.size();
        s.encode_part(part, begin == 0, special && !broken, work, out);
    });
    if (options.eos == Add::Yes || (options.eos == Add::AsModel && s.adds_suffix))
        out.insert(out.end(), s.suffix.begin(), s.suffix.end());
    return out;
}

std::string Tokenizer::decode(std::span<const TokenId> ids, DecodeOptions options) const {
    std::string out;
    bool drops = state_->drop_first_space && !options.continues;
    for (TokenId id : ids) {
        std::string_view text = options.show_special && is_control(id) ? piece(id) : bytes(id);
        if (drops && !text.empty()) {
            drops = false;
            if (text.front() == ' ' && !is_control(id)) text.remove_prefix(1);
        }
        out += text;
    }
    return out;
}

int32_t Tokenizer::size() const {
    return state_->vocabulary.size();
}
std::string_view Tokenizer::piece(TokenId id) const {
    return state_->vocabulary.has(id) ? state_->vocabulary.text(id) : std::string_view();
}
std::string_view Tokenizer::bytes(TokenId id) const {
    return state_->vocabulary.has(id) ? state_->vocabulary.bytes(id) : std::string_view();
}
TokenType Tokenizer::type(TokenId id) const {
    return state_->vocabulary.has(id) ? state_->vocabulary.type(id) : TokenType::Unused;
}
TokenId Tokenizer::find(std::string_view piece) const {
    return state_->vocabulary.find(piece);
}
const SpecialTokens& Tokenizer::special() const {
    return state_->special;
}
bool Tokenizer::is_end(TokenId id) const {
    return std::binary_search(state_->ends.begin(), state_->ends.end(), id);
}
std::span<const TokenId> Tokenizer::ends() const {
    return state_->ends;
}
bool Tokenizer::is_control(TokenId id) const {
    TokenType type = this->type(id);
    return type == TokenType::Control || type == TokenType::Unknown;
}
bool Tokenizer::adds_bos() const {
    return state_->adds_prefix;
}
bool Tokenizer::adds_eos() const {
    return state_->adds_suffix;
}
std::string_view Tokenizer::kind() const {
    return state_->kind;
}
std::span<const std::string> Tokenizer::warnings() const {
    return state_->warnings;
}

}  // namespace linnet
