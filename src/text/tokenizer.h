// Text to token ids and back, exactly as the model was trained.
//
// A Tokenizer is immutable: const means that threads may share it. Encoding takes time linear in
// the text, whatever the text; nothing that a user writes becomes a control token unless the caller
// asks for it by parse_special. Text need not be valid UTF-8.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "text/tokenizer_data.h"

namespace linnet {

class Checkpoint;

struct EncodeOptions {
    enum class Add { AsModel, No, Yes };
    Add bos = Add::AsModel;            // what the model wants in front: bos, [CLS]
    Add eos = Add::AsModel;            // and behind: eos, [SEP]
    bool parse_special = false;        // "<|im_end|>" in the text becomes the control token
    std::span<const size_t> breaks{};  // unless it spans one of these bytes; ascending
};

struct DecodeOptions {
    bool show_special = false;  // control tokens as they are spelled; otherwise they are left out
    bool continues = false;     // a text that continues another: a leading space stays
};

class Tokenizer {
  public:
    // From GGUF's tokenizer.ggml.*, or the tokenizer.json beside safetensors.
    static Result<Tokenizer> from(const Checkpoint& checkpoint);
    static Result<Tokenizer> make(TokenizerData data);

    Tokenizer(Tokenizer&&) noexcept;
    Tokenizer& operator=(Tokenizer&&) noexcept;
    ~Tokenizer();

    std::vector<TokenId> encode(std::string_view text, EncodeOptions options = {}) const;
    // The bytes that the tokens stand for; ids that do not exist stand for none. For byte-level
    // kinds decode(encode(x)) == x, whatever x.
    std::string decode(std::span<const TokenId> ids, DecodeOptions options = {}) const;

    int32_t size() const;                        // ids are 0 to size() - 1
    std::string_view piece(TokenId id) const;    // as the vocabulary spells it; empty if none
    std::string_view bytes(TokenId id) const;    // what it adds to a text; empty for control tokens
    TokenType type(TokenId id) const;            // Unused where the id does not exist
    TokenId find(std::string_view piece) const;  // the id of what the vocabulary spells so

    const SpecialTokens& special() const;
    // Whether a generation ends with this token: eos, eot, <|im_end|>, <end_of_turn> and the like.
    bool is_end(TokenId id) const;
    std::span<const TokenId> ends() const;  // all of these
    bool is_control(TokenId id) const;
    bool adds_bos() const;  // by itself, with Add::AsModel
    bool adds_eos() const;

    std::string_view kind() const;  // "byte-level BPE", "SentencePiece BPE", ...
    // What had to be guessed, one sentence each, for whoever opened the model to show.
    std::span<const std::string> warnings() const;

    struct State;

  private:
    friend class Detokenizer;
    explicit Tokenizer(std::unique_ptr<const State> state);
    std::unique_ptr<const State> state_;
};

// Tokens in, text out as soon as it is certain: always whole UTF-8 characters, U+FFFD for what is
// none. The pieces joined are decode() of all the tokens. The tokenizer must outlive it.
class Detokenizer {
  public:
    explicit Detokenizer(const Tokenizer& tokenizer, DecodeOptions options = {})
        : tokenizer_(&tokenizer), options_(options) {}

    // The text that this token completes; may be empty.
    std::string push(TokenId id);
    // What was held back, at the end of the stream. The next push() starts a new text.
    std::string finish();

  private:
    std::string release(bool all);
    const Tokenizer* tokenizer_;
    DecodeOptions options_;
    std::string held_;   // bytes of a character that is not whole yet
    bool first_ = true;  // no text has come yet: the model's prefix space may still have to go
};

}  // namespace linnet
