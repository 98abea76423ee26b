#include "text/vocabulary.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/text.h"
#include "text/hash.h"
#include "text/unicode.h"

namespace linnet {

bool TextIndex::insert(const TextList& texts, size_t number) {
    size_t mask = slots_.size() - 1;
    size_t at = hash_bytes(texts[number], seed_) & mask;
    for (int probe = 0; probe < probes_max; probe++, at = (at + 1) & mask) {
        if (slots_[at] == 0) {
            slots_[at] = static_cast<uint32_t>(number + 1);
            return true;
        }
        if (texts[slots_[at] - 1] == texts[number]) {
            duplicates_++;
            return true;
        }
    }
    return false;
}

TokenId TextIndex::find(const TextList& texts, std::string_view text) const {
    size_t mask = slots_.size() - 1;
    size_t at = hash_bytes(text, seed_) & mask;
    for (int probe = 0; probe < probes_max && slots_[at] != 0; probe++, at = (at + 1) & mask)
        if (texts[slots_[at] - 1] == text) return static_cast<TokenId>(slots_[at] - 1);
    return no_token;
}

int byte_of_token(std::string_view text) {
    if (text.size() != 6 || !text.starts_with("<0x") || text[5] != '>') return -1;
    int value = 0;
    auto [end, error] = std::from_chars(text.data() + 3, text.data() + 5, value, 16);
    return error == std::errc{} && end == text.data() + 5 ? value : -1;
}

// Bytes that print as themselves in Latin-1 keep their code point; the others follow from U+0100.
static std::array<uint16_t, 256> make_alphabet() {
    std::array<uint16_t, 256> codes{};
    uint16_t next = 0x100;
    for (uint16_t byte = 0; byte < 256; byte++) {
        bool prints = (byte >= '!' && byte <= '~') || (byte >= 0xA1 && byte != 0xAD);
        codes[byte] = prints ? byte : next++;
    }
    return codes;
}

std::string alphabet_of_bytes(std::string_view bytes) {
    const auto codes = make_alphabet();
    std::string out;
    for (char byte : bytes) append_utf8(out, codes[static_cast<uint8_t>(byte)]);
    return out;
}

namespace {
// From GPT-2's alphabet to bytes.
class Alphabet {
  public:
    Alphabet() {
        bytes_.fill(-1);
        auto codes = make_alphabet();
        for (int byte = 0; byte < 256; byte++)
            bytes_[codes[static_cast<size_t>(byte)]] = static_cast<int16_t>(byte);
    }
    std::optional<std::string> bytes(std::string_view text) const {
        std::string out;
        for (size_t at = 0; at < text.size();) {
            Decoded c = decode_utf8(text, at);
            if (c.code >= bytes_.size() || bytes_[c.code] < 0) return std::nullopt;
            out += static_cast<char>(bytes_[c.code]);
            at += c.length;
        }
        return out;
    }

  private:
    std::array<int16_t, 0x144> bytes_{};
};

// What Hugging Face's WordPiece decoder makes of a word that follows another.
std::string tidied(std::string text) {
    constexpr std::pair<std::string_view, std::string_view> rules[] = {
        {" .", "."},   {" ?", "?"},     {" !", "!"},    {" ,", ","},
        {" ' ", "'"},  {" n't", "n't"}, {" 'm", "'m"},  {" do not", " don't"},
        {" 's", "'s"}, {" 've", "'ve"}, {" 're", "'re"}};
    for (auto [from, to] : rules) text = replace_all(std::move(text), from, to);
    return text;
}

// What a token adds to a text.
std::string bytes_of(const TokenizerData& data, const Alphabet& alphabet, std::string_view text,
                     TokenType type) {
    if (type == TokenType::Control || type == TokenType::Unknown) return {};
    if (type == TokenType::UserDefined && data.byte_level) return std::string(text);
    bool bytes_are_tokens = type == TokenType::Byte || data.byte_fallback;
    if (int byte = byte_of_token(text); bytes_are_tokens && byte >= 0)
        return std::string(1, static_cast<char>(byte));
    if (data.byte_level) return alphabet.bytes(text).value_or(std::string(text));
    std::string out(text);
    if (!data.space_mark.empty()) out = replace_all(std::move(out), data.space_mark, " ");
    if (!data.word_suffix.empty() && out.ends_with(data.word_suffix))
        out.replace(out.size() - data.word_suffix.size(), out.npos, " ");
    if (data.kind == TokenizerData::Kind::WordPiece && !data.subword_prefix.empty()) {
        if (out.starts_with(data.subword_prefix))
            out.erase(0, data.subword_prefix.size());
        else
            out.insert(0, 1, ' ');
    }
    if (data.tidy_spaces) out = tidied(std::move(out));
    return out;
}
}  // namespace

std::string bytes_of_alphabet(std::string_view text) {
    return Alphabet().bytes(text).value_or("");
}

Result<Vocabulary> Vocabulary::make(const TokenizerData& data) {
    if (data.tokens.empty()) return Error{Code::BadInput, "the vocabulary has no tokens"};
    if (data.tokens.size() > tokens_max)
        return Error{Code::BadInput, cat("a vocabulary of ", data.tokens.size(),
                                         " tokens; at most ", tokens_max, " are read")};
    Vocabulary vocabulary;
    size_t total = 0;
    for (const std::string& token : data.tokens) {
        total += token.size();
        if (token.size() > token_bytes_max)
            return Error{Code::BadInput, cat("a token of ", token.size(), " bytes; at most ",
                                             token_bytes_max, " are read")};
    }
    vocabulary.texts_.reserve(data.tokens.size(), total);
    vocabulary.bytes_.reserve(data.tokens.size(), total);
    vocabulary.types_ = data.types;
    vocabulary.types_.resize(data.tokens.size(), TokenType::Normal);
    vocabulary.byte_tokens_.assign(256, no_token);
    Alphabet alphabet;
    for (size_t i = 0; i < data.tokens.size(); i++) {
        const std::string& token = data.tokens[i];
        std::string bytes = bytes_of(data, alphabet, token, vocabulary.types_[i]);
        bool spells_byte =
            data.byte_level ? vocabulary.types_[i] == TokenType::Normal : byte_of_token(token) >= 0;
        if (spells_byte && bytes.size() == 1) {
            TokenId& slot = vocabulary.byte_tokens_[static_cast<uint8_t>(bytes[0])];
            if (slot == no_token) slot = static_cast<TokenId>(i);
        }
        vocabulary.texts_.add(token);
        vocabulary.bytes_.add(bytes);
    }
    vocabulary.index_ = TRY(TextIndex::make(
        vocabulary.texts_, [&](size_t i) { return !vocabulary.texts_[i].empty(); }));
    return vocabulary;
}

}  // namespace linnet
