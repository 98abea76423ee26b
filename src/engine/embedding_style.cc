#include "engine/embedding_style.h"

#include <algorithm>
#include <initializer_list>

#include "base/text.h"

namespace linnet {
namespace {

struct PoolingRow {
    Pooling pooling;
    std::string_view name, folder_flag;
    uint64_t gguf;
};
constexpr PoolingRow rows[] = {
    {Pooling::Mean, "mean", "pooling_mode_mean_tokens", 1},
    {Pooling::Cls, "cls", "pooling_mode_cls_token", 2},
    {Pooling::Last, "last", "pooling_mode_lasttoken", 3},
};

// Where no file says it: an encoder's tokens all saw the text, of a decoder's only the last did.
Pooling usual_pooling(const Model& model) {
    return model.causal() ? Pooling::Last : Pooling::Mean;
}

Pooling gguf_pooling(const Checkpoint& checkpoint, const Model& model) {
    const Value* value =
        checkpoint.metadata().find(cat(model.config().architecture, ".pooling_type"));
    auto number = value ? value->as_uint() : std::nullopt;
    for (const PoolingRow& row : rows)
        if (number == row.gguf) return row.pooling;
    return usual_pooling(model);
}

Result<Pooling> folder_pooling(const Json& config, Pooling usual) {
    std::string mode = config.string_or("pooling_mode", "");
    if (mode == "lasttoken") mode = "last";
    if (auto pooling = parse_pooling(mode)) return *pooling;
    if (!mode.empty())
        return Error{
            Code::Unsupported,
            cat("the model pools by '", printable(mode, 40), "', which this build does not"),
            "choose another way with --pooling"};
    for (const PoolingRow& row : rows)
        if (config.bool_or(row.folder_flag, false)) return row.pooling;
    return usual;
}

// modules.json lists the steps, each by its Python class and its folder.
Result<Pooling> read_modules(const Checkpoint& checkpoint, Pooling usual) {
    Pooling pooling = usual;
    Json modules = TRY(checkpoint.document("modules.json"));
    if (!modules.is_array()) return Error{Code::BadInput, "modules.json is no list of modules"};
    for (const Json& module : *modules.as_array()) {
        std::string type = module.string_or("type", "");
        type.erase(0, type.rfind('.') + 1);
        if (type == "Transformer" || type == "Normalize") continue;
        if (type != "Pooling")
            return Error{Code::Unsupported,
                         cat("the model's vectors pass through a module '", printable(type, 60),
                             "', which this build does not know")};
        constexpr const char* name = "1_Pooling/config.json";
        if (!checkpoint.has_document(name)) continue;
        Json config = TRY(checkpoint.document(name));
        pooling = TRY(folder_pooling(config, usual));
    }
    return pooling;
}

// A text in front, under any of the names that makers use.
std::optional<std::string> prefix(const Json& prompts,
                                  std::initializer_list<std::string_view> names) {
    for (std::string_view name : names) {
        const Json* text = prompts.find(name);
        if (text && text->as_string()) return *text->as_string();
    }
    return std::nullopt;
}

}  // namespace

std::string_view pooling_name(Pooling pooling) {
    return std::ranges::find(rows, pooling, &PoolingRow::pooling)->name;
}

std::optional<Pooling> parse_pooling(std::string_view name) {
    auto row = std::ranges::find(rows, name, &PoolingRow::name);
    return row == std::end(rows) ? std::nullopt : std::optional(row->pooling);
}

Result<EmbeddingStyle> EmbeddingStyle::read(const Checkpoint& checkpoint, const Model& model) {
    EmbeddingStyle style;
    style.pooling = gguf_pooling(checkpoint, model);
    if (checkpoint.has_document("modules.json"))
        style.pooling = TRY(read_modules(checkpoint, style.pooling));
    if (checkpoint.has_document("sentence_bert_config.json")) {
        Json config = TRY(checkpoint.document("sentence_bert_config.json"));
        const Json* most = config.find("max_seq_length");
        auto number = most ? most->as_uint() : std::nullopt;
        style.tokens_max = static_cast<uint32_t>(std::min<uint64_t>(number.value_or(0), 1u << 24));
    }
    if (checkpoint.has_document("config_sentence_transformers.json")) {
        Json config = TRY(checkpoint.document("config_sentence_transformers.json"));
        if (const Json* prompts = config.find("prompts"); prompts && prompts->is_object()) {
            style.query_prefix = prefix(*prompts, {"query", "search_query", "s2p_query"});
            style.document_prefix =
                prefix(*prompts, {"document", "passage", "search_document", "corpus"});
        }
    }
    return style;
}

}  // namespace linnet
