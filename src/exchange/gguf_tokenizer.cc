#include "exchange/gguf_tokenizer.h"

#include <algorithm>
#include <unordered_map>

#include "base/text.h"
#include "text/pre_tokenizer_name.h"
#include "text/tokenizer_json.h"
#include "text/vocabulary.h"

namespace linnet {
namespace {

using Kind = TokenizerData::Kind;

std::string key(std::string_view name) {
    return cat("tokenizer.ggml.", name);
}

Error no_word_for(std::string_view what) {
    return {Code::Unsupported, cat("GGUF has no word for ", what, " of this tokenizer"),
            "the folder itself runs: name it in place of a GGUF file"};
}

class TokenizerWriter {
  public:
    TokenizerWriter(TokenizerData data, MetadataBuilder& metadata,
                    std::vector<std::string>& warnings)
        : data_(std::move(data)), metadata_(metadata), warnings_(warnings) {}

    Result<> write(uint64_t rows) {
        TRY(fill_up(rows));
        SpecialTokens& s = data_.special;
        if (s.bos == no_token && data_.prefix.size() == 1) s.bos = data_.prefix[0];
        if (s.eos == no_token && data_.suffix.size() == 1) s.eos = data_.suffix[0];
        if (data_.kind != Kind::Bpe) return no_word_for("the kind");
        if (!data_.word_suffix.empty() || !data_.subword_prefix.empty())
            return no_word_for("the marks of words");
        if (data_.byte_level)
            TRY(write_byte_level());
        else
            TRY(write_sentencepiece());
        metadata_.set_array(key("tokens"), std::span<const std::string>(data_.tokens));
        write_types();
        write_special();
        return write_frame();
    }

  private:
    Result<> fill_up(uint64_t rows) {
        if (data_.tokens.size() > rows)
            return Error{Code::BadInput, cat("the tokenizer has ", data_.tokens.size(),
                                             " tokens, but the model has predictions for ", rows)};
        data_.tokens.resize(rows);
        data_.types.resize(rows, TokenType::Unused);
        for (size_t i = 0; i < rows; i++)
            if (data_.types[i] == TokenType::Unused && data_.tokens[i].empty())
                data_.tokens[i] = cat("[PAD", i, "]");
        return Done{};
    }

    Result<> write_byte_level() {
        for (const NormalizeStep& step : data_.normalizers) {
            if (step.kind != NormalizeStep::Kind::Nfc) return no_word_for("a normalizer");
            warnings_.push_back(
                "the tokenizer composes characters (NFC), which GGUF files do not say: text that "
                "is not composed is cut otherwise");
        }
        auto name = TRY(pre_tokenizer_name(data_));
        if (!name) return no_word_for("the pre-tokenizer");
        metadata_.set(key("model"), "gpt2").set(key("pre"), *name);
        std::vector<std::string> merges;
        merges.reserve(data_.merges.size());
        for (const TokenizerData::Merge& merge : data_.merges)
            merges.push_back(cat(merge.left, " ", merge.right));
        metadata_.set_array(key("merges"), std::span<const std::string>(merges));
        return Done{};
    }

    // SentencePiece's BPE: the merges' order as scores of what they make.
    Result<> write_sentencepiece() {
        constexpr std::string_view mark = "\xE2\x96\x81";
        if (!data_.byte_fallback || data_.ignore_merges) return no_word_for("the kind");
        bool marks = false, prefix = false;
        for (const NormalizeStep& step : data_.normalizers) {
            if (step.kind == NormalizeStep::Kind::Replace && step.pattern == " " &&
                !step.is_regex && step.text == mark)
                marks = true;
            else if (step.kind == NormalizeStep::Kind::Prepend && step.text == mark)
                prefix = true;
            else
                return no_word_for("a normalizer");
        }
        for (const SplitStep& step : data_.splits) {
            if (step.kind == SplitStep::Kind::Metaspace && step.text == mark && !step.split) {
                marks = true;
                prefix = step.prepend != SplitStep::Prepend::Never;
            } else if (!(marks && step.pattern == " ")) {  // finds none where spaces are marked
                return no_word_for("the pre-tokenizer");
            }
        }
        if (!marks) return no_word_for("a normalizer");
        metadata_.set(key("model"), "llama").set(key("pre"), "default");
        metadata_.set(key("add_space_prefix"), prefix);
        write_scores();
        for (size_t i = 0; i < data_.tokens.size(); i++)
            if (data_.types[i] == TokenType::Normal && byte_of_token(data_.tokens[i]) >= 0)
                data_.types[i] = TokenType::Byte;
        return Done{};
    }

    void write_scores() {
        std::unordered_map<std::string_view, size_t> ids;
        for (size_t i = 0; i < data_.tokens.size(); i++) ids.emplace(data_.tokens[i], i);
        // Of what no merge makes: never asked for.
        std::vector<float> scores(data_.tokens.size(),
                                  -static_cast<float>(data_.merges.size()) - 1);
        std::vector<bool> known(scores.size());
        std::string whole;
        for (size_t rank = 0; rank < data_.merges.size(); rank++) {
            whole = data_.merges[rank].left + data_.merges[rank].right;
            auto found = ids.find(whole);
            if (found == ids.end() || known[found->second]) continue;
            known[found->second] = true;
            scores[found->second] = -static_cast<float>(rank);
        }
        metadata_.set_array(key("scores"), std::span<const float>(scores));
    }

    void write_types() {
        std::vector<int32_t> types;
        for (TokenType type : data_.types) types.push_back(static_cast<int32_t>(type));
        metadata_.set_array(key("token_type"), std::span<const int32_t>(types));
    }

    void write_special() {
        const SpecialTokens& s = data_.special;
        const std::pair<TokenId, std::string_view> ids[] = {
            {s.bos, "bos"},     {s.eos, "eos"}, {s.unk, "unknown"}, {s.sep, "seperator"},
            {s.pad, "padding"}, {s.cls, "cls"}, {s.mask, "mask"}};
        for (auto [id, name] : ids)
            if (id != no_token)
                metadata_.set(key(cat(name, "_token_id")), static_cast<uint32_t>(id));
        // Whatever else ends an answer: GGUF has one place for it.
        auto other = std::ranges::find_if(data_.also_end, [&](TokenId id) { return id != s.eos; });
        if (other != data_.also_end.end())
            metadata_.set(key("eot_token_id"), static_cast<uint32_t>(*other));
    }

    Result<> write_frame() {
        const SpecialTokens& s = data_.special;
        auto is_only = [](const std::vector<TokenId>& ids, TokenId id) {
            return ids.size() == 1 && ids[0] == id;
        };
        if ((!data_.prefix.empty() && !is_only(data_.prefix, s.bos)) ||
            (!data_.suffix.empty() && !is_only(data_.suffix, s.eos)))
            return no_word_for("the tokens around a text");
        metadata_.set(key("add_bos_token"), !data_.prefix.empty());
        metadata_.set(key("add_eos_token"), !data_.suffix.empty());
        return Done{};
    }

    TokenizerData data_;
    MetadataBuilder& metadata_;
    std::vector<std::string>& warnings_;
};

// The folder's template, and those that have names.
Result<> write_templates(const Checkpoint& folder, const Json& config, MetadataBuilder& metadata) {
    if (folder.has_document("chat_template.jinja")) {
        metadata.set("tokenizer.chat_template", TRY(folder.document_text("chat_template.jinja")));
        return Done{};
    }
    const Json* found = config.find("chat_template");
    if (!found) return Done{};
    if (const std::string* text = found->as_string())
        metadata.set("tokenizer.chat_template", *text);
    const Json::Array* list = found->as_array();
    for (size_t i = 0; list && i < list->size(); i++) {
        const std::string name = (*list)[i].string_or("name", "");
        const std::string text = (*list)[i].string_or("template", "");
        metadata.set(
            name == "default" ? "tokenizer.chat_template" : cat("tokenizer.chat_template.", name),
            text);
    }
    return Done{};
}

}  // namespace

Result<> write_gguf_vocabulary(TokenizerData data, uint64_t rows, MetadataBuilder& metadata,
                               std::vector<std::string>& warnings) {
    warnings.insert(warnings.end(), data.warnings.begin(), data.warnings.end());
    return TokenizerWriter(std::move(data), metadata, warnings).write(rows);
}

Result<> write_gguf_tokenizer(const Checkpoint& folder, uint64_t rows, MetadataBuilder& metadata,
                              std::vector<std::string>& warnings) {
    if (!folder.has_document("tokenizer.json"))
        return Error{Code::NotFound, "there is no tokenizer.json beside the model",
                     "fetch the model's tokenizer.json into the same folder"};
    auto document = [&](std::string_view name) -> Result<Json> {
        if (!folder.has_document(name)) return Json();
        return folder.document(name);
    };
    Json config = TRY(document("tokenizer_config.json"));
    Json generation = TRY(document("generation_config.json"));
    Json tokenizer = TRY(folder.document("tokenizer.json"));
    TokenizerData data = TRY(read_json_tokenizer(tokenizer, config, generation));
    TRY(write_gguf_vocabulary(std::move(data), rows, metadata, warnings));
    return write_templates(folder, config, metadata);
}

}  // namespace linnet
