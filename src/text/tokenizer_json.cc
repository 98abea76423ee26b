#include "text/tokenizer_json.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <optional>

#include "base/text.h"
#include "text/vocabulary.h"

namespace linnet {
namespace {

using Kind = TokenizerData::Kind;

// Hugging Face's reader of JSON rounds twice: the digits as an integer, by a power of ten. One
// score in six differs in its last bit, which decides between cuts whose scores are equal.
double as_serde_reads(double exact) {
    std::array<char, 32> text;
    auto end =
        std::to_chars(text.data(), text.data() + text.size(), exact, std::chars_format::scientific)
            .ptr;
    uint64_t digits = 0;
    int decimals = 0;
    const char* at = text.data();
    for (bool behind_point = false; at < end && *at != 'e'; at++) {
        if (*at == '.') behind_point = true;
        if (*at < '0' || *at > '9') continue;
        digits = digits * 10 + static_cast<uint64_t>(*at - '0');
        decimals += behind_point;
    }
    int exponent = 0;
    if (at < end) std::from_chars(at + (at[1] == '+' ? 2 : 1), end, exponent);
    exponent -= decimals;
    constexpr int exact_powers = 22;
    if (std::abs(exponent) > exact_powers) return exact;
    double power = 1;
    for (int i = 0; i < std::abs(exponent); i++) power *= 10;
    auto value = static_cast<double>(digits);
    return std::copysign(exponent < 0 ? value / power : value * power, exact);
}

class JsonTokenizer {
  public:
    JsonTokenizer(const Json& tokenizer, const Json& config, const Json& generation)
        : json_(tokenizer), config_(config), generation_(generation) {}

    Result<TokenizerData> read() {
        const Json* model = json_.find("model");
        if (!model || !model->is_object())
            return Error{Code::BadInput, "tokenizer.json has no model"};
        TRY(read_kind(*model));
        TRY(read_pipeline());
        TRY(read_vocabulary(*model));
        if (data_.kind == Kind::Bpe) TRY(read_bpe(*model));
        TRY(read_added());
        TRY(read_unknown(*model));
        read_roles();
        TRY(read_frame());
        return std::move(data_);
    }

  private:
    static Error bad(std::string what) { return {Code::BadInput, "tokenizer.json: " + what}; }

    Result<Done> read_kind(const Json& model) {
        std::string type = model.string_or("type", "");
        const Json* vocabulary = model.find("vocab");
        if (type.empty()) {  // older files leave it to the reader
            if (model.find("merges")) {
                type = "BPE";
            } else if (vocabulary && vocabulary->is_array()) {
                type = "Unigram";
            } else {
                type = model.find("max_input_chars_per_word") ? "WordPiece" : "WordLevel";
            }
        }
        constexpr std::pair<std::string_view, Kind> kinds[] = {{"BPE", Kind::Bpe},
                                                               {"Unigram", Kind::Unigram},
                                                               {"WordPiece", Kind::WordPiece},
                                                               {"WordLevel", Kind::WordLevel}};
        for (auto [name, kind] : kinds) {
            if (type != name) continue;
            data_.kind = kind;
            data_.byte_fallback = model.bool_or("byte_fallback", false);
            data_.subword_prefix =
                model.string_or("continuing_subword_prefix", kind == Kind::WordPiece ? "##" : "");
            int64_t chars = model.int_or("max_input_chars_per_word", 100);
            data_.word_chars_max = static_cast<size_t>(std::clamp<int64_t>(chars, 0, 1 << 20));
            return Done{};
        }
        return Error{Code::Unsupported, cat("tokenizer.json has a model of the kind '",
                                            printable(type, 60), "', which is not read")};
    }

    Result<Done> read_pipeline() {
        const Json none;
        auto part = [&](std::string_view name) -> const Json& {
            const Json* found = json_.find(name);
            return found ? *found : none;
        };
        TRY(read_normalizer(part("normalizer"), data_));
        TRY(read_pre_tokenizer(part("pre_tokenizer"), data_));
        read_decoder(part("decoder"), data_);
        return Done{};
    }

    // Makes room for token `id`, unless it is far beyond the `known` tokens that there are.
    Result<Done> reserve(int64_t id, size_t known) {
        constexpr int64_t gap_max = 100'000;
        int64_t id_max = std::min<int64_t>(static_cast<int64_t>(known) * 4 + gap_max,
                                           static_cast<int64_t>(Vocabulary::tokens_max) - 1);
        if (id < 0 || id > id_max)
            return bad(cat("a token has the id ", id, " in a vocabulary of ", known, " tokens"));
        auto size = static_cast<size_t>(id) + 1;
        if (data_.tokens.size() >= size) return Done{};
        data_.tokens.resize(size);
        data_.types.resize(size, TokenType::Unused);  // ids that nobody names
        if (data_.kind == Kind::Unigram) data_.scores.resize(size, 0);
        return Done{};
    }

    Result<Done> place(int64_t id, std::string_view text, TokenType type) {
        auto at = static_cast<size_t>(id);
        data_.tokens[at] = text;
        data_.types[at] = type;
        return Done{};
    }

    Result<Done> read_vocabulary(const Json& model) {
        const Json* vocabulary = model.find("vocab");
        if (data_.kind == Kind::Unigram) {
            const Json::Array* rows = vocabulary ? vocabulary->as_array() : nullptr;
            if (!rows) return bad("a unigram model whose vocabulary is not a list");
            for (const Json& row : *rows) {
                const Json::Array* pair = row.as_array();
                bool fits = pair && pair->size() == 2 && (*pair)[0].as_string() &&
                            (*pair)[1].as_double() && std::isfinite(*(*pair)[1].as_double());
                if (!fits) return bad("a token that is not a text and a score");
                data_.tokens.push_back(*(*pair)[0].as_string());
                data_.scores.push_back(as_serde_reads(*(*pair)[1].as_double()));
                data_.types.push_back(TokenType::Normal);
            }
            return Done{};
        }
        const Json::Object* rows = vocabulary ? vocabulary->as_object() : nullptr;
        if (!rows) return bad("a vocabulary that is not an object");
        for (const auto& [text, id] : *rows) {
            if (!id.as_int()) return bad("a token whose id is not a number");
            TRY(reserve(*id.as_int(), rows->size()));
            TRY(place(*id.as_int(), text, TokenType::Normal));
        }
        return Done{};
    }

    Result<Done> read_bpe(const Json& model) {
        data_.ignore_merges = model.bool_or("ignore_merges", false);
        data_.fuse_unk = model.bool_or("fuse_unk", false);
        std::string suffix = model.string_or("end_of_word_suffix", "");
        if (!suffix.empty()) data_.word_suffix = suffix;
        if (model.double_or("dropout", 0) > 0)
            data_.warnings.push_back(
                "tokenizer.json asks for dropout, which is for training and is left out");
        const Json* list = model.find("merges");
        const Json::Array* merges = list ? list->as_array() : nullptr;
        if (!merges) return bad("a BPE model without merges");
        data_.merges.reserve(merges->size());
        for (const Json& merge : *merges) {
            if (const std::string* text = merge.as_string()) {
                size_t blank = text->find(' ');
                if (blank == text->npos) return bad("a merge that is not two tokens");
                data_.merges.push_back({text->substr(0, blank), text->substr(blank + 1)});
                continue;
            }
            const Json::Array* pair = merge.as_array();
            bool fits =
                pair && pair->size() == 2 && (*pair)[0].as_string() && (*pair)[1].as_string();
            if (!fits) return bad("a merge that is not two tokens");
            data_.merges.push_back({*(*pair)[0].as_string(), *(*pair)[1].as_string()});
        }
        return Done{};
    }

    Result<Done> read_added() {
        const Json* list = json_.find("added_tokens");
        const Json::Array* rows = list ? list->as_array() : nullptr;
        if (!rows) return Done{};
        size_t known = data_.tokens.size() + rows->size();
        for (const Json& row : *rows) {
            const Json* text = row.find("content");
            const Json* id = row.find("id");
            if (!text || !text->as_string() || !id || !id->as_int())
                return bad("an added token without content or id");
            AddedToken token{.id = 0,
                             .text = *text->as_string(),
                             .special = row.bool_or("special", false),
                             .lstrip = row.bool_or("lstrip", false),
                             .rstrip = row.bool_or("rstrip", false),
                             .single_word = row.bool_or("single_word", false),
                             .normalized = row.bool_or("normalized", false)};
            if (token.text.empty()) continue;
            TRY(reserve(*id->as_int(), known));
            token.id = static_cast<TokenId>(*id->as_int());
            TRY(place(token.id, token.text,
                      token.special ? TokenType::Control : TokenType::UserDefined));
            data_.added.push_back(std::move(token));
        }
        return Done{};
    }

    TokenId find(std::string_view text) const {
        auto found = std::find(data_.tokens.begin(), data_.tokens.end(), text);
        return found == data_.tokens.end() ? no_token
                                           : static_cast<TokenId>(found - data_.tokens.begin());
    }

    std::optional<TokenId> existing(const Json& id) const {
        int64_t value = id.as_int().value_or(-1);
        if (value < 0 || value >= static_cast<int64_t>(data_.tokens.size())) return std::nullopt;
        return static_cast<TokenId>(value);
    }

    Result<Done> read_unknown(const Json& model) {
        const Json* unk = model.find(data_.kind == Kind::Unigram ? "unk_id" : "unk_token");
        if (!unk || unk->is_null()) {
            data_.drop_unknown = true;
            return Done{};
        }
        const std::string* text = unk->as_string();
        TokenId id = text ? find(*text) : existing(*unk).value_or(no_token);
        if (id == no_token) return bad("the unknown token does not exist");
        data_.special.unk = id;
        // Never text, whatever the list of added tokens calls it.
        TokenType& type = data_.types[static_cast<size_t>(id)];
        if (type == TokenType::Normal) type = TokenType::Unknown;
        return Done{};
    }

    // tokenizer_config.json spells the roles out, as a text or as {"content": text}.
    void read_roles() {
        SpecialTokens& s = data_.special;
        const std::pair<TokenId*, std::string_view> roles[] = {
            {&s.bos, "bos_token"}, {&s.eos, "eos_token"}, {&s.sep, "sep_token"},
            {&s.pad, "pad_token"}, {&s.cls, "cls_token"}, {&s.mask, "mask_token"}};
        for (auto [id, name] : roles) {
            const Json* role = config_.find(name);
            if (role && role->is_object()) role = role->find("content");
            if (role && role->as_string()) *id = find(*role->as_string());
        }
        if (const Json* ends = generation_.find("eos_token_id")) {
            auto add = [&](const Json& id) {
                if (auto token = existing(id)) data_.also_end.push_back(*token);
            };
            if (const Json::Array* list = ends->as_array())
                for (const Json& id : *list) add(id);
            else
                add(*ends);
            if (s.eos == no_token && !data_.also_end.empty()) s.eos = data_.also_end.front();
        }
    }

    // What is put around every text: {"single": [<s>, A, </s>]} and older forms of it.
    Result<Done> read_frame() {
        const Json* processor = json_.find("post_processor");
        if (processor && !processor->is_null()) TRY(read_processor(*processor, 0));
        // These classes rebuild the frame from two flags when they are loaded.
        std::string name = config_.string_or("tokenizer_class", "");
        bool rebuilds = false;
        for (std::string_view family : {"Llama", "Gemma", "CodeLlama", "Cohere"})
            rebuilds |= name.starts_with(family);
        auto apply = [&](std::string_view flag, TokenId token, std::vector<TokenId>& ids) {
            const Json* value = config_.find(flag);
            if (!rebuilds || !value || !value->as_bool()) return;
            ids.clear();
            if (*value->as_bool() && token != no_token) ids.push_back(token);
        };
        apply("add_bos_token", data_.special.bos, data_.prefix);
        apply("add_eos_token", data_.special.eos, data_.suffix);
        return Done{};
    }

    Result<Done> read_processor(const Json& json, int depth) {
        std::string type = json.string_or("type", "");
        if (depth > 8) return bad("post-processors nested too deep");
        if (type == "Sequence") {
            const Json* list = json.find("processors");
            const Json::Array* parts = list ? list->as_array() : nullptr;
            if (!parts) return bad("a sequence of post-processors without them");
            for (const Json& part : *parts) TRY(read_processor(part, depth + 1));
        } else if (type == "TemplateProcessing") {
            return read_template(json);
        } else if (type == "BertProcessing" || type == "RobertaProcessing") {
            for (bool front : {true, false}) {
                const Json* pair = json.find(front ? "cls" : "sep");
                const Json::Array* parts = pair ? pair->as_array() : nullptr;
                auto id = parts && parts->size() == 2 ? existing((*parts)[1]) : std::nullopt;
                if (!id) return bad("a post-processor without its tokens");
                (front ? data_.prefix : data_.suffix).assign(1, *id);
            }
        } else if (type != "ByteLevel") {  // which only moves offsets
            data_.warnings.push_back(cat("tokenizer.json has a post-processor of the kind '",
                                         printable(type, 60), "', which is left out"));
        }
        return Done{};
    }

    Result<Done> read_template(const Json& json) {
        constexpr size_t frame_max = 64;
        const Json* single = json.find("single");
        const Json::Array* parts = single ? single->as_array() : nullptr;
        if (!parts) return bad("a template without its parts");
        bool behind = false;
        for (const Json& part : *parts) {
            if (part.find("Sequence")) {
                behind = true;
                continue;
            }
            const Json* special = part.find("SpecialToken");
            const Json* name = special ? special->find("id") : nullptr;
            const Json* row = name && name->as_string()
                                  ? json.find("special_tokens", *name->as_string())
                                  : nullptr;
            const Json* list = row ? row->find("ids") : nullptr;
            const Json::Array* ids = list ? list->as_array() : nullptr;
            if (!ids) return bad("a template with a token that it does not explain");
            auto& out = behind ? data_.suffix : data_.prefix;
            for (const Json& id : *ids) {
                auto token = existing(id);
                if (!token || out.size() >= frame_max)
                    return bad("a template with a token that does not exist");
                out.push_back(*token);
            }
        }
        return Done{};
    }

    const Json& json_;
    const Json& config_;
    const Json& generation_;
    TokenizerData data_;
};

}  // namespace

Result<TokenizerData> read_json_tokenizer(const Json& tokenizer, const Json& config,
                                          const Json& generation) {
    return JsonTokenizer(tokenizer, config, generation).read();
}

}  // namespace linnet
