// All that makes a tokenizer, as plain data: what GGUF metadata and tokenizer.json are read into,
// and what tests write down by hand. Tokenizer::make() checks it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace linnet {

using TokenId = int32_t;
inline constexpr TokenId no_token = -1;

// The numbers are GGUF's own.
enum class TokenType : uint8_t {
    Normal = 1,
    Unknown = 2,
    Control = 3,      // steers the model and stands for no text: <s>, <|im_end|>
    UserDefined = 4,  // always found in text, whole
    Unused = 5,
    Byte = 6,  // "<0x0A>"
};

struct SpecialTokens {
    TokenId bos = no_token, eos = no_token, eot = no_token, eom = no_token;
    TokenId unk = no_token, sep = no_token, pad = no_token, cls = no_token, mask = no_token;
    TokenId fim_prefix = no_token, fim_suffix = no_token, fim_middle = no_token;
    TokenId fim_pad = no_token, fim_repo = no_token, fim_separator = no_token;
};

// A token that is looked for in the text before anything else.
struct AddedToken {
    TokenId id = no_token;
    std::string text{};
    bool special = false;      // only where the caller asks to parse special tokens
    bool lstrip = false;       // takes the white space before it
    bool rstrip = false;       // and behind it
    bool single_word = false;  // only where no word character touches it
    bool normalized = false;   // looked for after normalisation
};

// A step that rewrites the text before it is cut up.
struct NormalizeStep {
    enum class Kind {
        Nfc,
        Nfd,
        Nfkc,
        Nfkd,
        Lowercase,
        StripAccents,  // drops nonspacing marks
        Strip,         // white space off the front (left) and back (right)
        Prepend,       // `text` in front, unless the text is empty
        Replace,       // every match of `pattern` by `text`
        Bert,          // clean, space out Chinese, strip accents, lower-case: as the flags say
        Charsmap,      // SentencePiece's precompiled map, in `text`
        SquashSpaces,  // plain spaces: none in front and behind, one where there were more
        Nmt,           // drops controls, makes odd spaces plain
    };
    Kind kind;
    std::string pattern{};
    bool is_regex = false;
    std::string text{};
    bool left = false, right = false;
    bool clean = false, chinese = false, accents = false, lower = false;
    bool by_grapheme = false;  // Charsmap: as Hugging Face's tokenizers apply it
};

// A step that cuts the text into pieces that no token may cross.
struct SplitStep {
    enum class Kind {
        Pattern,      // where `pattern` matches, as `behavior` says
        DigitGroups,  // digit runs in groups of three, counted from the right
        Metaspace,    // spaces become `text`, one in front as `prepend` says
        BeforeMark,   // in front of every run of `text`
        PrefixSpace,  // a space in front where there is none
        ToAlphabet,   // what follows sees GPT-2's alphabet in place of bytes
    };
    enum class Behavior { Isolated, Removed, MergedWithPrevious, MergedWithNext, Contiguous };
    enum class Prepend { Never, First, Always };
    Kind kind = Kind::Pattern;
    std::string pattern{};
    bool is_regex = true;
    Behavior behavior = Behavior::Isolated;
    bool invert = false;  // what does not match counts as the match
    std::string text{};
    Prepend prepend = Prepend::Never;
    bool split = true;           // Metaspace: cuts in front of every replaced space
    bool word_boundary = false;  // DigitGroups: only runs that no word character follows
    bool only_before = false;    // DigitGroups: cuts in front of whole groups and nowhere else
};

struct TokenizerData {
    enum class Kind {
        Bpe,        // merges by rank
        Spm,        // merges by the score of the merged token: SentencePiece's BPE
        Unigram,    // the most probable cut
        WordPiece,  // greedy longest match within words
        Rwkv,       // greedy longest match in bytes
        WordLevel,  // whole words only
    };
    struct Merge {
        std::string left, right;
    };

    Kind kind = Kind::Bpe;
    std::vector<std::string> tokens{};  // as the file spells them; the index is the id
    std::vector<double> scores{};       // Spm, Unigram; empty: all 0
    bool scores_are_single = false;     // Unigram: sums are of single precision too
    std::vector<TokenType> types{};     // empty: all Normal
    std::vector<Merge> merges{};        // Bpe; the index is the rank
    std::vector<AddedToken> added{};
    SpecialTokens special{};
    std::vector<TokenId> also_end{};  // more tokens that end a generation

    // Where `splits` is empty, this names a row of the table of pre-tokenizers. Bpe from GGUF.
    std::string pre{};
    std::vector<NormalizeStep> normalizers{};
    std::vector<SplitStep> splits{};

    bool byte_level = false;        // Bpe: tokens spell bytes in GPT-2's alphabet
    std::string space_mark{};       // what tokens have for a space: "\u2581"
    bool drop_first_space = false;  // decoding leaves out the space that encoding puts in front
    bool tidy_spaces = false;       // decoding leaves out spaces before punctuation
    bool byte_fallback = false;     // characters that are no token become <0xNN>
    bool drop_unknown = false;   // what has no token is left out, though there is an unknown token
    bool fuse_unk = false;       // one unknown token for a run of unknown characters
    bool ignore_merges = false;  // Bpe: a word that is a token is that token, merges or not
    std::string subword_prefix{};  // "##": what continues a word
    std::string word_suffix{};     // "</w>": what ends a word
    size_t word_chars_max = 100;   // WordPiece: longer words are unknown

    bool add_bos = false, add_eos = false;
    std::vector<TokenId> prefix{}, suffix{};  // around every text, where not just bos and eos
    std::vector<std::string> warnings{};      // what the reader of the file had to guess
};

}  // namespace linnet
