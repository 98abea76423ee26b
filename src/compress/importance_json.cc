#include <cmath>

#include "base/text.h"
#include "compress/importance.h"

namespace linnet {
namespace {

Json array_of(std::span<const float> values) {
    Json::Array out;
    for (float value : values) out.emplace_back(double{value});
    return out;
}

std::optional<std::vector<float>> floats_of(const Json* values) {
    if (!values || !values->is_array()) return {};
    std::vector<float> out;
    for (const Json& value : *values->as_array()) {
        auto number = value.as_double();
        if (!number || !(*number >= 0) || !std::isfinite(static_cast<float>(*number))) return {};
        out.push_back(static_cast<float>(*number));
    }
    return out;
}

}  // namespace

Json importance_document(const Importance& importance) {
    Json::Array entries;
    for (const Importance::Entry& entry : importance.entries)
        entries.push_back(Json::object({{"tensor", entry.tensor},
                                        {"sums", array_of(entry.sums)},
                                        {"counts", array_of(entry.counts)}}));
    Json::Array datasets;
    for (const std::string& name : importance.datasets) datasets.emplace_back(name);
    return Json::object({{"entries", std::move(entries)},
                         {"datasets", std::move(datasets)},
                         {"chunks", importance.chunks},
                         {"chunk_tokens", importance.chunk_tokens}});
}

Result<Importance> importance_of(const Json& document) {
    const Error none{Code::BadInput, "these are no importances"};
    const Json *entries = document.find("entries"), *datasets = document.find("datasets");
    if (!entries || !entries->is_array() || !datasets || !datasets->is_array()) return none;
    Importance out;
    for (const Json& each : *entries->as_array()) {
        auto sums = floats_of(each.find("sums")), counts = floats_of(each.find("counts"));
        if (!sums || !counts || counts->empty() || sums->size() % counts->size() != 0) return none;
        out.entries.push_back({each.string_or("tensor", ""), *sums, *counts});
        if (out.entries.size() > 1 && out.entries.end()[-2].tensor >= out.entries.back().tensor)
            return none;
    }
    for (const Json& name : *datasets->as_array())
        if (name.as_string()) out.datasets.push_back(*name.as_string());
    out.chunks = static_cast<uint32_t>(document.int_or("chunks", 0));
    out.chunk_tokens = static_cast<uint32_t>(document.int_or("chunk_tokens", 0));
    return out;
}

}  // namespace linnet
