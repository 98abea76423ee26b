#include "formats/compressed_config.h"

#include <algorithm>

#include "base/text.h"

namespace linnet {
namespace {

constexpr std::string_view formats_read[] = {
    "pack-quantized",       "int-quantized",        "naive-quantized", "float-quantized",
    "mxfp4-pack-quantized", "nvfp4-pack-quantized", "mxfp8-quantized", "mixed-precision"};
constexpr size_t groups_max = 1024;

Error unsupported(std::string what) {
    return {Code::Unsupported, std::move(what),
            "get the model in 16 bits, or one that compressed-tensors wrote"};
}

Error broken(std::string what) {
    return {Code::BadInput, cat("quantization_config: ", what)};
}

Result<> check_format(const Json* format) {
    if (!format || format->is_null()) return Done{};
    const std::string* name = format->as_string();
    if (!name) return broken("the format is no text");
    if (std::ranges::find(formats_read, *name) == std::end(formats_read))
        return unsupported(
            cat("the weights are of the format '", printable(*name, 60), "', which is not read"));
    return Done{};
}

// Something that is said, and not as "nothing" or "dense".
bool is_used(const Json* setting) {
    if (!setting || !setting->is_object() || setting->as_object()->empty()) return false;
    return setting->string_or("format", "") != "dense";
}

Result<CompressedConfig::Weights> read_weights(const std::string& group, const Json& weights) {
    auto bad = [&](std::string_view what) {
        return broken(cat("the weights of '", printable(group, 60), "' ", what));
    };
    if (!weights.is_object()) return bad("are no object");
    CompressedConfig::Weights out;
    const int64_t bits = weights.int_or("num_bits", 8);
    const std::string type = lower(weights.string_or("type", "int"));
    if (type != "int" && type != "float") return bad("are neither int nor float");
    out.is_float = type == "float";
    const bool known = out.is_float ? bits == 4 || bits == 8 : bits >= 1 && bits <= 8;
    if (!known)
        return unsupported(cat("weights of type ", type, " with ", bits, " bits are not read"));
    out.bits = static_cast<uint64_t>(bits);
    const Json* block = weights.find("block_structure");
    if (!block || block->is_null()) return out;
    const Json::Array* sides = block->as_array();
    auto side = [&](size_t i) { return (*sides)[i].as_uint().value_or(0); };
    if (!sides || sides->size() != 2 || side(0) == 0 || side(1) == 0)
        return bad("have a block_structure that is not rows and columns");
    out.block_rows = side(0);
    out.block_columns = side(1);
    return out;
}

}  // namespace

Result<std::optional<CompressedConfig>> CompressedConfig::read(const Json& config) {
    const Json* found = config.find("quantization_config");
    if (!found || found->is_null()) found = config.find("text_config", "quantization_config");
    if (!found || found->is_null()) found = config.find("compression_config");
    if (!found || found->is_null()) return std::optional<CompressedConfig>();
    if (!found->is_object()) return broken("no object");
    if (found->as_object()->empty()) return std::optional<CompressedConfig>();
    const std::string method = found->string_or("quant_method", "");
    if (method != "compressed-tensors")
        return unsupported(
            cat("the weights are quantized by '", printable(method, 60), "', which is not read"));
    if (is_used(found->find("sparsity_config")))
        return unsupported("the weights are stored sparsely (sparsity_config)");
    if (is_used(found->find("transform_config")))
        return unsupported("the weights are rotated (transform_config)");
    TRY(check_format(found->find("format")));
    const Json* groups = found->find("config_groups");
    if (!groups || !groups->is_object()) return broken("there are no config_groups");
    if (groups->as_object()->size() > groups_max) return broken("too many config_groups");
    CompressedConfig out;
    for (const auto& [name, group] : *groups->as_object()) {
        TRY(check_format(group.find("format")));
        if (const Json* weights = group.find("weights"); weights && !weights->is_null())
            out.groups.push_back(TRY(read_weights(name, *weights)));
    }
    return std::optional(std::move(out));
}

}  // namespace linnet
