#include "exchange/folder_tokenizer.h"

#include <algorithm>
#include <unordered_map>

#include "base/text.h"
#include "text/pre_tokenizers.h"
#include "text/special_tokens.h"

namespace linnet {
namespace {

using Kind = TokenizerData::Kind;
constexpr std::string_view mark = "\xE2\x96\x81";

Error cannot_say(std::string_view what) {
    return {Code::Unsupported, cat("tokenizer.json has no word for ", what, " of this tokenizer"),
            "export it as GGUF"};
}

Json byte_level(bool use_regex) {
    return Json::object({{"type", "ByteLevel"},
                         {"add_prefix_space", false},
                         {"trim_offsets", true},
                         {"use_regex", use_regex}});
}

Json replace(std::string_view from, std::string_view to) {
    return Json::object(
        {{"type", "Replace"}, {"pattern", Json::object({{"String", from}})}, {"content", to}});
}

Json sequence(std::string_view parts_name, Json parts) {
    Json out = Json::object({{"type", "Sequence"}});
    out.set(parts_name, std::move(parts));
    return out;
}

// The steps of a named pre-tokenizer, and the byte level behind them.
Result<Json> pre_tokenizer(const std::vector<SplitStep>& steps) {
    Json parts = Json::array();
    bool ends_as_gpt2 = false;
    for (size_t i = 0; i < steps.size(); i++) {
        const SplitStep& step = steps[i];
        ends_as_gpt2 = i + 1 == steps.size() && step.pattern == gpt2_pattern();
        if (ends_as_gpt2) continue;  // the byte level does this one
        if (step.kind != SplitStep::Kind::Pattern || !step.is_regex ||
            step.behavior != SplitStep::Behavior::Isolated || step.invert ||
            step.pattern.find("HF_") != std::string::npos)
            return cannot_say("the pre-tokenizer");
        parts.push(Json::object({{"type", "Split"},
                                 {"pattern", Json::object({{"Regex", step.pattern}})},
                                 {"behavior", "Isolated"},
                                 {"invert", false}}));
    }
    parts.push(byte_level(ends_as_gpt2));
    return sequence("pretokenizers", std::move(parts));
}

Json pair(std::string_view left, std::string_view right) {
    Json out = Json::array();
    out.push(left).push(right);
    return out;
}

// SentencePiece's BPE merges any two that make a token, the best score first: the same as a list
// of all such pairs in that order.
Json merges_of_scores(const TokenizerData& data) {
    struct Made {
        double score;
        TokenId left, right, whole;
    };
    std::unordered_map<std::string_view, TokenId> ids;
    auto mergeable = [&](size_t i) {
        const TokenType type = data.types.empty() ? TokenType::Normal : data.types[i];
        return type == TokenType::Normal || type == TokenType::UserDefined;
    };
    for (size_t i = 0; i < data.tokens.size(); i++)
        if (mergeable(i)) ids.emplace(data.tokens[i], static_cast<TokenId>(i));
    std::vector<Made> made;
    for (size_t i = 0; i < data.tokens.size(); i++) {
        const std::string_view text = data.tokens[i];
        if (!mergeable(i)) continue;
        for (size_t at = 1; at < text.size(); at++) {
            auto left = ids.find(text.substr(0, at)), right = ids.find(text.substr(at));
            if (left != ids.end() && right != ids.end())
                made.push_back({data.scores.empty() ? 0 : data.scores[i], left->second,
                                right->second, static_cast<TokenId>(i)});
        }
    }
    std::ranges::sort(made, [](const Made& a, const Made& b) {
        return std::tuple(-a.score, a.whole, a.left) < std::tuple(-b.score, b.whole, b.left);
    });
    Json out = Json::array();
    for (const Made& each : made)
        out.push(pair(data.tokens[static_cast<size_t>(each.left)],
                      data.tokens[static_cast<size_t>(each.right)]));
    return out;
}

class FolderTokenizer {
  public:
    explicit FolderTokenizer(TokenizerData data) : data_(std::move(data)) {}

    Result<Json> write() {
        TRY(write_kind());
        json_.set("added_tokens", added());
        model_.set("vocab", TRY(vocabulary()));
        json_.set("post_processor", TRY(post_processor()));
        json_.set("model", std::move(model_));
        return std::move(json_);
    }

  private:
    Result<> write_kind() {
        model_.set("type", "BPE").set("dropout", Json()).set("unk_token", Json());
        model_.set("continuing_subword_prefix", Json()).set("end_of_word_suffix", Json());
        json_.set("version", "1.0").set("truncation", Json()).set("padding", Json());
        if (data_.kind == Kind::Bpe && data_.byte_level) return write_byte_level();
        if (data_.kind == Kind::Spm) return write_sentencepiece();
        return cannot_say("the kind");
    }

    Result<> write_byte_level() {
        auto named = pre_tokenizer_of(data_.pre);
        if (!named || !data_.normalizers.empty()) return cannot_say("the pre-tokenizer");
        json_.set("normalizer", Json()).set("pre_tokenizer", TRY(pre_tokenizer(named->steps)));
        json_.set("decoder", byte_level(true));
        model_.set("fuse_unk", false).set("byte_fallback", false);
        model_.set("ignore_merges", data_.ignore_merges);
        Json merges = Json::array();
        for (const TokenizerData::Merge& merge : data_.merges)
            if (!merge.left.empty()) merges.push(pair(merge.left, merge.right));
        model_.set("merges", std::move(merges));
        return Done{};
    }

    Result<> write_sentencepiece() {
        bool prefix = false;
        for (const NormalizeStep& step : data_.normalizers) {
            prefix |= step.kind == NormalizeStep::Kind::Prepend;
            if (step.kind != NormalizeStep::Kind::Prepend &&
                step.kind != NormalizeStep::Kind::Replace)
                return cannot_say("the normalizer");
        }
        Json normalizers = Json::array(), decoders = Json::array();
        if (prefix) normalizers.push(Json::object({{"type", "Prepend"}, {"prepend", mark}}));
        normalizers.push(replace(" ", mark));
        decoders.push(replace(mark, " "));
        decoders.push(Json::object({{"type", "ByteFallback"}}));
        decoders.push(Json::object({{"type", "Fuse"}}));
        if (prefix)
            decoders.push(
                Json::object({{"type", "Strip"}, {"content", " "}, {"start", 1}, {"stop", 0}}));
        json_.set("normalizer", sequence("normalizers", std::move(normalizers)));
        json_.set("pre_tokenizer", Json());
        json_.set("decoder", sequence("decoders", std::move(decoders)));
        if (data_.special.unk != no_token)
            model_.set("unk_token", data_.tokens[static_cast<size_t>(data_.special.unk)]);
        model_.set("fuse_unk", true).set("byte_fallback", true).set("ignore_merges", false);
        model_.set("merges", merges_of_scores(data_));
        return Done{};
    }

    TokenType type(size_t i) const {
        return data_.types.empty() ? TokenType::Normal : data_.types[i];
    }

    Json added() const {
        Json out = Json::array();
        for (size_t i = 0; i < data_.tokens.size(); i++) {
            const TokenType kind = type(i);
            const bool special = kind == TokenType::Control || kind == TokenType::Unknown;
            if (!special && kind != TokenType::UserDefined) continue;
            out.push(Json::object({{"id", i},
                                   {"content", data_.tokens[i]},
                                   {"single_word", false},
                                   {"lstrip", false},
                                   {"rstrip", false},
                                   {"normalized", false},
                                   {"special", special}}));
        }
        return out;
    }

    Result<Json> vocabulary() const {
        Json::Object members;
        for (size_t i = 0; i < data_.tokens.size(); i++) {
            if (!valid_utf8(data_.tokens[i])) return cannot_say("tokens that are no text");
            members.emplace_back(data_.tokens[i], Json(i));
        }
        return Json(std::move(members));
    }

    Result<Json> post_processor() const {
        const SpecialTokens& s = data_.special;
        Json single = Json::array(), special = Json::object();
        auto token = [&](TokenId id) -> Result<> {
            if (id == no_token) return cannot_say("the tokens around a text");
            const std::string& text = data_.tokens[static_cast<size_t>(id)];
            single.push(
                Json::object({{"SpecialToken", Json::object({{"id", text}, {"type_id", 0}})}}));
            Json ids = Json::array(), texts = Json::array();
            ids.push(id);
            texts.push(text);
            special.set(text,
                        Json::object(
                            {{"id", text}, {"ids", std::move(ids)}, {"tokens", std::move(texts)}}));
            return Done{};
        };
        if (data_.add_bos) TRY(token(s.bos));
        single.push(Json::object({{"Sequence", Json::object({{"id", "A"}, {"type_id", 0}})}}));
        if (data_.add_eos) TRY(token(s.eos));
        if (!data_.add_bos && !data_.add_eos) return Json();
        Json both = single;
        both.push(Json::object({{"Sequence", Json::object({{"id", "B"}, {"type_id", 1}})}}));
        return Json::object({{"type", "TemplateProcessing"},
                             {"single", std::move(single)},
                             {"pair", std::move(both)},
                             {"special_tokens", std::move(special)}});
    }

    TokenizerData data_;
    Json json_ = Json::object(), model_ = Json::object();
};

}  // namespace

Result<Json> folder_tokenizer(TokenizerData data) {
    return FolderTokenizer(std::move(data)).write();
}

Json folder_tokenizer_config(const TokenizerData& data, const Metadata& metadata) {
    Json out = Json::object(
        {{"tokenizer_class", "PreTrainedTokenizerFast"}, {"clean_up_tokenization_spaces", false}});
    const SpecialTokens& s = data.special;
    const std::pair<TokenId, std::string_view> roles[] = {
        {s.bos, "bos_token"}, {s.eos, "eos_token"}, {s.unk, "unk_token"},  {s.pad, "pad_token"},
        {s.sep, "sep_token"}, {s.cls, "cls_token"}, {s.mask, "mask_token"}};
    for (auto [id, name] : roles)
        if (id != no_token) out.set(name, data.tokens[static_cast<size_t>(id)]);
    if (auto text = metadata.string_of("tokenizer.chat_template")) out.set("chat_template", *text);
    return out;
}

Json folder_generation_config(TokenizerData data) {
    settle_special_tokens(data);
    Json out = Json::object(), ends = Json::array();
    if (data.special.bos != no_token) out.set("bos_token_id", data.special.bos);
    if (data.special.pad != no_token) out.set("pad_token_id", data.special.pad);
    for (TokenId id : ends_of(data)) ends.push(id);
    if (!ends.as_array()->empty()) out.set("eos_token_id", std::move(ends));
    return out;
}

}  // namespace linnet
