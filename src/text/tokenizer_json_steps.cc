#include <optional>

#include "base/text.h"
#include "text/pre_tokenizers.h"
#include "text/tokenizer_json.h"

namespace linnet {
namespace {

constexpr int depth_max = 16;

std::string type_of(const Json& json) {
    return json.string_or("type", "");
}

Error unknown(std::string_view what, const Json& json) {
    return {Code::Unsupported, cat("tokenizer.json has a ", what, " of the kind '",
                                   printable(type_of(json), 60), "', which is not read")};
}

// {"String": "…"} or {"Regex": "…"}.
Result<std::pair<std::string, bool>> pattern_of(const Json& json) {
    const Json* pattern = json.find("pattern");
    for (bool regex : {false, true})
        if (const Json* text = pattern ? pattern->find(regex ? "Regex" : "String") : nullptr)
            if (const std::string* value = text->as_string()) return std::pair(*value, regex);
    return Error{Code::BadInput,
                 cat("tokenizer.json has a ", printable(type_of(json), 60), " without a pattern")};
}

Result<SplitStep::Behavior> behavior_of(const Json& json) {
    using Behavior = SplitStep::Behavior;
    std::string name = json.string_or("behavior", "Isolated");
    constexpr std::pair<std::string_view, Behavior> names[] = {
        {"Isolated", Behavior::Isolated},
        {"Removed", Behavior::Removed},
        {"MergedWithPrevious", Behavior::MergedWithPrevious},
        {"MergedWithNext", Behavior::MergedWithNext},
        {"Contiguous", Behavior::Contiguous}};
    for (auto [known, behavior] : names)
        if (name == known) return behavior;
    return Error{Code::Unsupported, cat("tokenizer.json splits with the behaviour '",
                                        printable(name, 60), "', which is not read")};
}

SplitStep removed(std::string_view pattern, bool invert = false) {
    SplitStep step = split_by(pattern);
    step.behavior = SplitStep::Behavior::Removed;
    step.invert = invert;
    return step;
}

// Older files say add_prefix_space, newer ones prepend_scheme.
SplitStep::Prepend prepend_of(const Json& json) {
    std::string scheme = json.string_or("prepend_scheme", "");
    if (scheme == "never") return SplitStep::Prepend::Never;
    if (scheme == "first") return SplitStep::Prepend::First;
    if (scheme.empty() && !json.bool_or("add_prefix_space", true)) return SplitStep::Prepend::Never;
    return SplitStep::Prepend::Always;
}

std::optional<std::string> base64_bytes(std::string_view text) {
    constexpr std::string_view digits =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string out;
    uint32_t bits = 0;
    int count = 0;
    while (text.ends_with('=')) text.remove_suffix(1);
    for (char c : text) {
        size_t digit = digits.find(c);
        if (digit == digits.npos) return std::nullopt;
        bits = bits << 6 | static_cast<uint32_t>(digit);
        count += 6;
        if (count < 8) continue;
        count -= 8;
        out += static_cast<char>(bits >> count & 0xFF);
    }
    return out;
}

// Whether a pattern matches the same in GPT-2's alphabet as in the text itself.
bool is_digits_only(const SplitStep& step) {
    return step.kind == SplitStep::Kind::Pattern && step.is_regex &&
           step.pattern.find_first_not_of("[]0-9+{,}") == std::string::npos;
}

class Steps {
  public:
    explicit Steps(TokenizerData& data) : data_(data) {}

    Result<Done> normalizer(const Json& json, int depth = 0);
    Result<Done> pre_tokenizer(const Json& json, int depth = 0);
    void decoder(const Json& json, int depth = 0);

  private:
    Result<Done> simple_splits(const Json& json, std::string_view type);
    void split(SplitStep step) {
        // Steps behind ByteLevel see GPT-2's alphabet in place of bytes.
        if (data_.byte_level && !in_alphabet_ && !is_digits_only(step)) {
            data_.splits.push_back({.kind = SplitStep::Kind::ToAlphabet});
            in_alphabet_ = true;
        }
        data_.splits.push_back(std::move(step));
    }

    TokenizerData& data_;
    bool in_alphabet_ = false;
};

Result<Done> Steps::normalizer(const Json& json, int depth) {
    using Kind = NormalizeStep::Kind;
    if (json.is_null()) return Done{};
    if (depth > depth_max) return Error{Code::BadInput, "normalizers are nested too deep"};
    std::string type = type_of(json);
    constexpr std::pair<std::string_view, Kind> plain[] = {{"NFC", Kind::Nfc},
                                                           {"NFD", Kind::Nfd},
                                                           {"NFKC", Kind::Nfkc},
                                                           {"NFKD", Kind::Nfkd},
                                                           {"Nmt", Kind::Nmt},
                                                           {"Lowercase", Kind::Lowercase},
                                                           {"StripAccents", Kind::StripAccents}};
    for (auto [name, kind] : plain) {
        if (type != name) continue;
        data_.normalizers.push_back({.kind = kind});
        return Done{};
    }
    if (type == "Sequence") {
        const Json* list = json.find("normalizers");
        const Json::Array* parts = list ? list->as_array() : nullptr;
        if (!parts) return Error{Code::BadInput, "a sequence of normalizers without them"};
        for (const Json& part : *parts) TRY(normalizer(part, depth + 1));
    } else if (type == "Strip") {
        data_.normalizers.push_back({.kind = Kind::Strip,
                                     .left = json.bool_or("strip_left", true),
                                     .right = json.bool_or("strip_right", true)});
    } else if (type == "Prepend") {
        data_.normalizers.push_back({.kind = Kind::Prepend, .text = json.string_or("prepend", "")});
    } else if (type == "Replace") {
        auto [pattern, regex] = TRY(pattern_of(json));
        data_.normalizers.push_back({.kind = Kind::Replace,
                                     .pattern = pattern,
                                     .is_regex = regex,
                                     .text = json.string_or("content", "")});
    } else if (type == "BertNormalizer") {
        bool lower = json.bool_or("lowercase", true);
        data_.normalizers.push_back({.kind = Kind::Bert,
                                     .clean = json.bool_or("clean_text", true),
                                     .chinese = json.bool_or("handle_chinese_chars", true),
                                     .accents = json.bool_or("strip_accents", lower),
                                     .lower = lower});
    } else if (type == "Precompiled") {
        auto map = base64_bytes(json.string_or("precompiled_charsmap", ""));
        if (!map) return Error{Code::BadInput, "precompiled_charsmap is not base64"};
        if (!map->empty())
            data_.normalizers.push_back(
                {.kind = Kind::Charsmap, .text = *std::move(map), .by_grapheme = true});
    } else {
        return unknown("normalizer", json);
    }
    return Done{};
}

Result<Done> Steps::pre_tokenizer(const Json& json, int depth) {
    if (json.is_null()) return Done{};
    if (depth > depth_max) return Error{Code::BadInput, "pre-tokenizers are nested too deep"};
    std::string type = type_of(json);
    if (type == "Sequence") {
        const Json* list = json.find("pretokenizers");
        const Json::Array* parts = list ? list->as_array() : nullptr;
        if (!parts) return Error{Code::BadInput, "a sequence of pre-tokenizers without them"};
        for (const Json& part : *parts) TRY(pre_tokenizer(part, depth + 1));
    } else if (type == "ByteLevel") {
        if (data_.byte_level)
            return Error{Code::Unsupported, "tokenizer.json goes to the byte level twice"};
        if (json.bool_or("add_prefix_space", true)) {
            data_.splits.push_back({.kind = SplitStep::Kind::PrefixSpace});
            data_.drop_first_space = false;
        }
        if (json.bool_or("use_regex", true)) data_.splits.push_back(split_by(gpt2_pattern()));
        data_.byte_level = true;
    } else if (type == "Metaspace") {
        std::string mark = json.string_or("replacement", "\xE2\x96\x81");
        if (mark.empty()) return Error{Code::BadInput, "a Metaspace of nothing"};
        data_.space_mark = mark;
        split({.kind = SplitStep::Kind::Metaspace,
               .text = mark,
               .prepend = prepend_of(json),
               .split = json.bool_or("split", true)});
    } else {
        return simple_splits(json, type);
    }
    return Done{};
}

Result<Done> Steps::simple_splits(const Json& json, std::string_view type) {
    constexpr std::string_view punctuation = R"(\p{HF_Punctuation})";
    constexpr std::string_view number = R"([\p{N}\p{HF_Newer_Number}])";
    if (type == "Split") {
        auto [pattern, regex] = TRY(pattern_of(json));
        SplitStep step = regex ? split_by(pattern) : SplitStep{.pattern = pattern};
        step.is_regex = regex;
        step.behavior = TRY(behavior_of(json));
        step.invert = json.bool_or("invert", false);
        split(std::move(step));
    } else if (type == "Digits") {
        split(split_by(json.bool_or("individual_digits", false) ? std::string(number)
                                                                : cat(number, "+")));
    } else if (type == "Punctuation") {
        SplitStep step = split_by(punctuation);
        step.behavior = TRY(behavior_of(json));
        split(std::move(step));
    } else if (type == "Whitespace") {
        split(removed(R"(\p{UTS18_Word}+|[^\p{UTS18_Word}\s]+)", true));
    } else if (type == "WhitespaceSplit") {
        split(removed(R"(\s)"));
    } else if (type == "BertPreTokenizer") {
        for (SplitStep& step : bert_splits()) split(std::move(step));
    } else if (type == "CharDelimiterSplit") {
        SplitStep step = removed(json.string_or("delimiter", ""));
        step.is_regex = false;
        if (step.pattern.empty()) return Error{Code::BadInput, "a split at nothing"};
        split(std::move(step));
    } else {
        return unknown("pre-tokenizer", json);
    }
    return Done{};
}

void Steps::decoder(const Json& json, int depth) {
    if (json.is_null() || depth > depth_max) return;
    std::string type = type_of(json);
    auto content = [&] { return json.string_or("content", ""); };
    auto odd = [&] {
        data_.warnings.push_back(cat("tokenizer.json has a decoder of the kind '",
                                     printable(type, 60),
                                     "', which is left out; text may come back different"));
    };
    if (type == "Sequence") {
        const Json* list = json.find("decoders");
        const Json::Array* parts = list ? list->as_array() : nullptr;
        if (parts)
            for (const Json& part : *parts) decoder(part, depth + 1);
    } else if (type == "ByteLevel" || type == "ByteFallback" || type == "Fuse") {
        if (type == "ByteLevel" && !data_.byte_level) odd();
    } else if (type == "Metaspace") {
        data_.space_mark = json.string_or("replacement", "\xE2\x96\x81");
        data_.drop_first_space = prepend_of(json) != SplitStep::Prepend::Never;
    } else if (type == "Replace") {
        auto pattern = pattern_of(json);
        bool marks = pattern && !pattern->second && content() == " ";
        if (marks)
            data_.space_mark = pattern->first;
        else
            odd();
    } else if (type == "Strip") {
        bool first = content() == " " && json.int_or("start", 0) == 1;
        if (!first || json.int_or("stop", 0) != 0) return odd();
        data_.drop_first_space = true;
    } else if (type == "WordPiece") {
        data_.drop_first_space = true;
        data_.tidy_spaces = json.bool_or("cleanup", true);
    } else if (type == "BPEDecoder") {
        data_.word_suffix = json.string_or("suffix", "</w>");
    } else {
        odd();
    }
}

}  // namespace

Result<Done> read_normalizer(const Json& json, TokenizerData& data) {
    return Steps(data).normalizer(json);
}
Result<Done> read_pre_tokenizer(const Json& json, TokenizerData& data) {
    return Steps(data).pre_tokenizer(json);
}
void read_decoder(const Json& json, TokenizerData& data) {
    Steps(data).decoder(json);
}

}  // namespace linnet
