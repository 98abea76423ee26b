// What a model says about its texts: tokenizer, chat template, licence.
#include <algorithm>

#include "base/json_reader.h"
#include "model/summary_settings.h"

namespace linnet {
namespace {

using Token = JsonReader::Token;

constexpr uint64_t tokenizer_bytes_max = 256'000'000;

struct KindName {
    std::string_view name, kind;
};
// tokenizer.ggml.model
constexpr KindName gguf_kinds[] = {
    {"gpt2", "byte-level BPE"}, {"llama", "SentencePiece BPE"}, {"t5", "SentencePiece unigram"},
    {"bert", "WordPiece"},      {"rwkv", "RWKV trie"},          {"gemma4", "SentencePiece BPE"},
};

std::string kind_of(std::string_view name) {
    auto row = std::ranges::find(gguf_kinds, name, &KindName::name);
    return row == std::end(gguf_kinds) ? short_text(name) : std::string(row->kind);
}

void keep_template(std::string_view text, ModelSummary& out) {
    out.template_bytes = text.size();
    if (text.size() <= ModelSummary::template_bytes_max) out.chat_template = text;
}

Result<> summarize_gguf_text(const Metadata& metadata, ModelSummary& out) {
    if (auto model = metadata.string_of("tokenizer.ggml.model"))
        out.tokenizer.kind = kind_of(*model);
    out.tokenizer.pre = short_text(metadata.string_of("tokenizer.ggml.pre").value_or(""));
    if (const Value* tokens = metadata.find("tokenizer.ggml.tokens")) {
        auto array = tokens->as_array();
        if (!array || array->type() != ValueType::String)
            return Error{Code::BadInput,
                         cat("tokenizer.ggml.tokens is ",
                             array ? cat("an array of ", value_type_name(array->type()))
                                   : cat("of type ", value_type_name(tokens->type())),
                             ", not an array of strings")};
        out.tokenizer.vocabulary = array->size();
    }
    if (auto text = metadata.string_of("tokenizer.chat_template")) keep_template(*text, out);
    for (std::string_view key : {"general.license", "general.license.name"})
        if (out.license.empty()) out.license = short_text(metadata.string_of(key).value_or(""));
    return Done{};
}

// Walks through tokenizer.json without keeping it: the greatest id says how large the vocabulary
// is.
class TokenizerReader {
  public:
    explicit TokenizerReader(std::string_view text) : json_(text) {}

    Result<TokenizerSummary> read() {
        TRY(members([&](std::string_view name) -> Result<> {
            if (name == "model") return members([&](std::string_view n) { return model(n); });
            if (name == "added_tokens") return added_tokens();
            return json_.skip();
        }));
        TokenizerSummary out;
        out.kind = type_ == "BPE"       ? "BPE"
                   : type_ == "Unigram" ? "SentencePiece unigram"
                                        : short_text(type_);
        if (size_ > 0) out.vocabulary = size_;
        return out;
    }

  private:
    // Calls each(name) for the members of the object that comes next; it reads the value.
    template <class Each>
    Result<> members(Each each) {
        TRY(json_.expect(Token::Object, "an object"));
        for (;;) {
            Token token = TRY(json_.next());
            if (token != Token::Key) return Done{};
            std::string name(json_.text().substr(0, 64));
            TRY(each(name));
        }
    }

    Result<> model(std::string_view name) {
        if (name == "type") {
            TRY(json_.expect(Token::String, "the type"));
            type_ = json_.text().substr(0, 64);
            return Done{};
        }
        return name == "vocab" ? vocab() : json_.skip();
    }

    // {"token": id, ...}, or [["token", score], ...] of a unigram model.
    Result<> vocab() {
        Token open = TRY(json_.next());
        if (open == Token::Array) {
            uint64_t count = 0;
            for (Token token = TRY(json_.next()); token != Token::ArrayEnd;
                 token = TRY(json_.next())) {
                if (token != Token::Array) return bad("an item of the vocabulary");
                while (TRY(json_.next()) != Token::ArrayEnd) {
                }
                count++;
            }
            size_ = std::max(size_, count);
            return Done{};
        }
        if (open != Token::Object) return bad("the vocabulary");
        while (TRY(json_.next()) == Token::Key) {
            TRY(json_.expect(Token::Number, "the id of a token"));
            TRY(id());
        }
        return Done{};
    }

    Result<> added_tokens() {
        TRY(json_.expect(Token::Array, "added_tokens"));
        for (;;) {
            Token token = TRY(json_.next());
            if (token == Token::ArrayEnd) return Done{};
            if (token != Token::Object) return bad("an added token");
            while (TRY(json_.next()) == Token::Key) {
                if (json_.text() != "id") {
                    TRY(json_.skip());
                    continue;
                }
                TRY(json_.expect(Token::Number, "the id of an added token"));
                TRY(id());
            }
        }
    }

    Result<> id() {
        auto value = json_.as_uint();
        if (!value || *value > UINT32_MAX) return bad("the id of a token");
        size_ = std::max(size_, *value + 1);
        return Done{};
    }

    static Error bad(std::string_view what) {
        return Error{Code::BadInput, cat(what, " is of the wrong kind")};
    }

    JsonReader json_;
    std::string type_;
    uint64_t size_ = 0;
};

Result<> summarize_tokenizer(const Checkpoint& model, ModelSummary& out) {
    if (!model.has_document("tokenizer.json")) {
        if (model.has_document("tokenizer.model")) out.tokenizer.kind = "SentencePiece";
        return Done{};
    }
    Path path = model.folder() / "tokenizer.json";
    MappedFile file = TRY(MappedFile::open(path));
    if (file.bytes().size() > tokenizer_bytes_max)
        return Error{Code::BadInput,
                     cat(path, " is larger than ", bytes_text(tokenizer_bytes_max))};
    auto read = TokenizerReader(as_text(file.bytes())).read();
    if (!read) return std::move(read).error().within(cat(path));
    out.tokenizer = *std::move(read);
    return Done{};
}

// A file of its own, or a member of tokenizer_config.json: one text, or several with names.
Result<> summarize_template(const Checkpoint& model, ModelSummary& out) {
    if (model.has_document("chat_template.jinja")) {
        keep_template(TRY(model.document_text("chat_template.jinja")), out);
        return Done{};
    }
    if (!model.has_document("tokenizer_config.json")) return Done{};
    Json config = TRY(model.document("tokenizer_config.json"));
    const Json* found = config.find("chat_template");
    if (found && found->is_array() && !found->as_array()->empty()) {
        const Json::Array& list = *found->as_array();
        auto named_default = std::ranges::find_if(
            list, [](const Json& each) { return each.string_or("name", "") == "default"; });
        found = (named_default == list.end() ? list.front() : *named_default).find("template");
    }
    const std::string* text = found ? found->as_string() : nullptr;
    if (text) keep_template(*text, out);
    return Done{};
}

// "license: apache-2.0" between the two lines of "---" with which a model card begins.
std::string license_of_card(std::string_view card) {
    bool inside = false;
    for (std::string_view line : split(card, '\n')) {
        if (trim(line) == "---") {
            if (inside) return "";
            inside = true;
        } else if (!inside) {
            return "";
        } else if (line.starts_with("license:")) {
            return short_text(trim(line.substr(8)));
        }
    }
    return "";
}

}  // namespace

Result<> summarize_text(const Checkpoint& model, ModelSummary& out) {
    if (model.format() == Format::Gguf) return summarize_gguf_text(model.metadata(), out);
    TRY(summarize_tokenizer(model, out));
    TRY(summarize_template(model, out));
    if (auto card = model.document_text("README.md")) out.license = license_of_card(*card);
    return Done{};
}

}  // namespace linnet
