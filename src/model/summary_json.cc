#include "model/summary.h"

namespace linnet {
namespace {

Json maybe(const std::optional<uint64_t>& value) {
    return value ? Json(*value) : Json();
}
Json maybe(const std::string& text) {
    return text.empty() ? Json() : Json(text);
}
// Infinities and NaN, of an empty model, become null when written.
Json rounded(double value) {
    return Json(parse_number(fixed(value, 3)).value_or(0));
}

}  // namespace

Json to_json(const ModelSummary& model) {
    Json types = Json::array();
    for (const TypeShare& share : model.types)
        types.push(Json::object({{"type", share.type},
                                 {"tensors", share.tensors},
                                 {"values", share.values},
                                 {"bytes", share.bytes},
                                 {"bits_per_weight", rounded(share.bits_per_weight())}}));
    Json out = Json::object({{"format", format_name(model.format)},
                             {"architecture", maybe(model.architecture)},
                             {"name", maybe(model.name)},
                             {"license", maybe(model.license)},
                             {"parameters", model.parameters},
                             {"files", model.files},
                             {"file_bytes", model.file_bytes},
                             {"tensors", model.tensors},
                             {"weight_bytes", model.weight_bytes},
                             {"bits_per_weight", rounded(model.bits_per_weight())},
                             {"types", std::move(types)},
                             {"context", maybe(model.context)},
                             {"layers", maybe(model.layers)},
                             {"embedding", maybe(model.embedding)},
                             {"feed_forward", maybe(model.feed_forward)},
                             {"heads", maybe(model.heads)},
                             {"kv_heads", maybe(model.kv_heads)},
                             {"experts", maybe(model.experts)}});
    out.set("tokenizer", Json::object({{"kind", maybe(model.tokenizer.kind)},
                                       {"pre", maybe(model.tokenizer.pre)},
                                       {"vocabulary", maybe(model.tokenizer.vocabulary)}}));
    out.set("template_bytes", maybe(model.template_bytes));
    return out;
}

Json to_json(const MemoryNeed& need) {
    return Json::object({{"context", need.context},
                         {"weights", need.weights},
                         {"kv_cache", need.kv_cache},
                         {"state", need.state},
                         {"working", need.working},
                         {"total", need.total}});
}

}  // namespace linnet
