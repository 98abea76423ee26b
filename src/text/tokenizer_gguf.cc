// Reads tokenizer.ggml.* of a GGUF file.
#include "text/tokenizer_gguf.h"

#include <cmath>

#include "base/text.h"
#include "formats/checkpoint.h"
#include "text/pre_tokenizers.h"
#include "text/vocabulary.h"

namespace linnet {
namespace {

constexpr std::string_view space_mark = "\xE2\x96\x81";  // U+2581

std::string key(std::string_view name) {
    return cat("tokenizer.ggml.", name);
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
            data_.normalizers.push_back({.kind = NormalizeStep::Kind::Replace,
                                         .pattern = " ",
                                         .text = std::string(space_mark)});
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
            data_.scores.push_back(static_cast<float>(score));
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
