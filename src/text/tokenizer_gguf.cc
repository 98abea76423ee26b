// Reads tokenizer.ggml.* of a GGUF file.
#include "text/tokenizer_gguf.h"

#include <cmath>

#include "base/text.h"
#include "formats/checkpoint.h"
#include "text/charsmap.h"
#include "text/pre_tokenizers.h"
#include "text/vocabulary.h"

namespace linnet {
namespace {

constexpr std::string_view space_mark = "\xE2\x96\x81";  // U+2581

std::string key(std::string_view name) {
    return cat("tokenizer.ggml.", name);
}

// RWKV's tokens are written as Python writes bytes: \x0A, \n, \\.
std::string unescape(std::string_view text) {
    std::string out;
    for (size_t at = 0; at < text.size(); at++) {
        if (text[at] != '\\' || at + 1 == text.size()) {
            out += text[at];
            continue;
        }
        char c = text[++at];
        uint8_t value = 0;
        const char* digits = text.data() + at + 1;
        bool hex = c == 'x' && at + 2 < text.size() &&
                   std::from_chars(digits, digits + 2, value, 16).ptr == digits + 2;
        if (hex) at += 2;
        out += hex        ? static_cast<char>(value)
               : c == 'n' ? '\n'
               : c == 't' ? '\t'
               : c == 'r' ? '\r'
                          : c;
    }
    return out;
}

class GgufReader {
  public:
    explicit GgufReader(const Metadata& metadata) : metadata_(metadata) {}

    Result<TokenizerData> read() {
        auto model = metadata_.string_of(key("model"));
        if (!model)
            return Error{Code::BadInput, "the file has no tokenizer (tokenizer.ggml.model)"};
        TRY(read_kind(*model));
        TRY(read_tokens());
        TRY(read_scores());
        TRY(read_types());
        TRY(read_merges());
        read_special();
        read_normalizer();
        return std::move(data_);
    }

  private:
    using Kind = TokenizerData::Kind;

    Result<Done> read_kind(std::string_view model) {
        SpecialTokens& s = data_.special;
        if (model == "gpt2" || model == "gemma4") {
            data_.kind = Kind::Bpe;
            data_.pre = std::string(metadata_.string_of(key("pre")).value_or(""));
            if (model == "gemma4") data_.pre = "gemma4";
            read_named();
        } else if (model == "llama") {
            data_.kind = Kind::Spm;
            data_.space_mark = space_mark;
            data_.byte_fallback = true;
            data_.add_bos = true;
            s.bos = 1;
            s.eos = 2;
            s.unk = 0;
        } else if (model == "t5") {
            data_.kind = Kind::Unigram;
            data_.scores_are_single = true;
            data_.space_mark = space_mark;
            data_.add_eos = true;
            s.eos = 1;
            s.unk = 2;
            s.pad = 0;
        } else if (model == "bert") {
            data_.kind = Kind::WordPiece;
            data_.space_mark = space_mark;
            s.cls = s.bos = 101;
            s.unk = 100;
            s.sep = 102;
            s.pad = 0;
            s.mask = 103;
        } else if (model == "rwkv") {
            data_.kind = Kind::Rwkv;
        } else {
            return Error{Code::Unsupported,
                         cat("tokenizers of the kind '", printable(model, 60), "' are not read")};
        }
        return Done{};
    }

    void read_named() {
        if (data_.pre.empty()) {
            data_.warnings.push_back(
                "the file names no pre-tokenizer (tokenizer.ggml.pre), as old converters wrote "
                "it; text is cut as for 'default', and what the model says may suffer");
            data_.pre = "default";
        }
        auto named = pre_tokenizer_of(data_.pre);
        data_.ignore_merges = named && named->ignore_merges;
        data_.add_bos = named && named->adds_bos;
        data_.byte_level = !(named && named->space_mark);
        // The unknown token of these is a control token such as <|endoftext|>, which the model was
        // never shown for an odd byte.
        data_.drop_unknown = data_.byte_level;
        if (named && named->space_mark) {
            data_.space_mark = space_mark;
            data_.byte_fallback = true;
        }
    }

    Error wrong_type(std::string_view name, std::string_view wanted) const {
        return {Code::BadInput, cat(key(name), " is not ", wanted)};
    }

    Result<Done> read_tokens() {
        const Value* value = metadata_.find(key("tokens"));
        if (!value)
            return Error{Code::BadInput, "the file has no vocabulary (tokenizer.ggml.tokens)"};
        auto array = value->as_array();
        if (!array || array->type() != ValueType::String)
            return wrong_type("tokens", "an array of strings");
        if (array->size() > Vocabulary::tokens_max)
            return Error{Code::BadInput, cat("a vocabulary of ", array->size(), " tokens; at most ",
                                             Vocabulary::tokens_max, " are read")};
        data_.tokens.reserve(array->size());
        for (Value item : *array) data_.tokens.emplace_back(item.as_string().value_or(""));
        if (data_.kind == Kind::Rwkv)
            for (std::string& token : data_.tokens) token = unescape(token);
        return Done{};
    }

    Result<Done> read_scores() {
        const Value* value = metadata_.find(key("scores"));
        if (!value) return Done{};
        auto array = value->as_array();
        bool numbers = array && array->type() != ValueType::String &&
                       array->type() != ValueType::Array && array->type() != ValueType::Bool;
        if (!numbers) return wrong_type("scores", "an array of numbers");
        if (array->size() != data_.tokens.size())
            return Error{Code::BadInput, cat("the vocabulary has ", data_.tokens.size(),
                                             " tokens but ", array->size(), " scores")};
        data_.scores.reserve(array->size());
        for (Value item : *array) {
            double score = item.as_double().value_or(0);
            if (!std::isfinite(score))
                return Error{Code::BadInput,
                             cat("the score of token ", data_.scores.size(), " is not a number")};
            data_.scores.push_back(score);
        }
        return Done{};
    }

    Result<Done> read_types() {
        const Value* value = metadata_.find(key("token_type"));
        if (!value) return Done{};
        auto array = value->as_array();
        bool numbers = array && array->type() != ValueType::String &&
                       array->type() != ValueType::Array && array->type() != ValueType::Bool;
        if (!numbers) return wrong_type("token_type", "an array of integers");
        if (array->size() != data_.tokens.size())
            return Error{Code::BadInput, cat("the vocabulary has ", data_.tokens.size(),
                                             " tokens but ", array->size(), " types")};
        data_.types.reserve(array->size());
        for (Value item : *array) {
            int64_t type = item.as_int().value_or(0);
            bool known = type >= 1 && type <= 6;
            data_.types.push_back(known ? static_cast<TokenType>(type) : TokenType::Unused);
            if (data_.kind == Kind::Unigram && data_.types.back() == TokenType::Byte)
                data_.byte_fallback = true;
        }
        return Done{};
    }

    Result<Done> read_merges() {
        if (data_.kind != Kind::Bpe) return Done{};
        const Value* value = metadata_.find(key("merges"));
        if (!value) return Error{Code::BadInput, "the file has no merges (tokenizer.ggml.merges)"};
        auto array = value->as_array();
        if (!array || array->type() != ValueType::String)
            return wrong_type("merges", "an array of strings");
        size_t broken = 0;
        data_.merges.reserve(array->size());
        for (Value item : *array) {
            std::string_view text = item.as_string().value_or("");
            // The left part may start with a blank where tokens spell characters and not bytes.
            size_t blank = text.empty() ? text.npos : text.find(' ', 1);
            broken += blank == text.npos;
            if (blank == text.npos)
                data_.merges.emplace_back();  // keeps the ranks of those behind it
            else
                data_.merges.push_back(
                    {std::string(text.substr(0, blank)), std::string(text.substr(blank + 1))});
        }
        if (broken > 0)
            data_.warnings.push_back(cat(broken, " merges are not two tokens and are left out"));
        return Done{};
    }

    void mark_spaces() {
        data_.normalizers.push_back({.kind = NormalizeStep::Kind::Replace,
                                     .pattern = " ",
                                     .text = std::string(space_mark)});
    }

    void read_normalizer() {
        bool prefix = metadata_.bool_of(key("add_space_prefix")).value_or(data_.kind != Kind::Bpe);
        bool squash = metadata_.bool_of(key("remove_extra_whitespaces")).value_or(false);
        bool lower = metadata_.bool_of(key("normalizer.lowercase")).value_or(true);
        bool accents = metadata_.bool_of(key("normalizer.strip_accents")).value_or(lower);
        auto& steps = data_.normalizers;
        switch (data_.kind) {
            case Kind::Spm:
            case Kind::Unigram:
                read_charsmap();
                if (squash) steps.push_back({.kind = NormalizeStep::Kind::SquashSpaces});
                if (prefix) steps.push_back({.kind = NormalizeStep::Kind::Prepend, .text = " "});
                mark_spaces();
                data_.drop_first_space = prefix;
                break;
            case Kind::WordPiece:
                steps.push_back({.kind = NormalizeStep::Kind::Bert,
                                 .clean = true,
                                 .chinese = true,
                                 .accents = accents,
                                 .lower = lower});
                data_.splits = bert_splits();
                data_.drop_first_space = true;
                data_.prefix = {data_.special.cls};
                data_.suffix = {data_.special.sep};
                std::erase(data_.prefix, no_token);
                std::erase(data_.suffix, no_token);
                break;
            case Kind::Bpe:
                if (!data_.space_mark.empty()) mark_spaces();
                break;
            case Kind::Rwkv:
            case Kind::WordLevel:
                break;
        }
    }

    void read_charsmap() {
        auto array = metadata_.array_of(key("precompiled_charsmap"));
        if (!array) return;
        bool bytes = array->type() == ValueType::Uint8 || array->type() == ValueType::Int8;
        if (!bytes || array->size() > Charsmap::bytes_max) {
            data_.warnings.push_back(
                cat(key("precompiled_charsmap"), " is not an array of bytes and is left out"));
            return;
        }
        if (array->size() == 0) return;
        std::string blob;
        blob.reserve(array->size());
        for (Value item : *array) blob += static_cast<char>(item.as_int().value_or(0));
        data_.normalizers.push_back(
            {.kind = NormalizeStep::Kind::Charsmap, .text = std::move(blob)});
    }

    void read_special() {
        SpecialTokens& s = data_.special;
        struct Row {
            TokenId* id;
            std::string_view name;
        };
        // "seperator" is how the format spells it. The last three are older names.
        const Row rows[] = {
            {&s.fim_prefix, "prefix_token_id"},
            {&s.fim_suffix, "suffix_token_id"},
            {&s.fim_middle, "middle_token_id"},
            {&s.bos, "bos_token_id"},
            {&s.eos, "eos_token_id"},
            {&s.eot, "eot_token_id"},
            {&s.eom, "eom_token_id"},
            {&s.unk, "unknown_token_id"},
            {&s.sep, "seperator_token_id"},
            {&s.pad, "padding_token_id"},
            {&s.cls, "cls_token_id"},
            {&s.mask, "mask_token_id"},
            {&s.fim_prefix, "fim_pre_token_id"},
            {&s.fim_suffix, "fim_suf_token_id"},
            {&s.fim_middle, "fim_mid_token_id"},
            {&s.fim_pad, "fim_pad_token_id"},
            {&s.fim_repo, "fim_rep_token_id"},
            {&s.fim_separator, "fim_sep_token_id"},
        };
        size_t count = data_.tokens.size();
        for (const Row& row : rows) {
            auto id = metadata_.uint_of(key(row.name));
            if (id && *id < count) {
                *row.id = static_cast<TokenId>(*id);
            } else if (id) {
                data_.warnings.push_back(
                    cat(key(row.name), " is ", *id, ", which the vocabulary does not have"));
                *row.id = no_token;
            } else if (*row.id >= static_cast<TokenId>(count)) {
                *row.id = no_token;  // a default of the kind that this vocabulary is too small for
            }
        }
        data_.add_bos = metadata_.bool_of(key("add_bos_token")).value_or(data_.add_bos);
        data_.add_eos = metadata_.bool_of(key("add_eos_token")).value_or(data_.add_eos);
    }

    const Metadata& metadata_;
    TokenizerData data_;
};

}  // namespace

Result<TokenizerData> read_gguf_tokenizer(const Metadata& metadata) {
    return GgufReader(metadata).read();
}

}  // namespace linnet
