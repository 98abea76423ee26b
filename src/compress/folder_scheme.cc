#include "compress/folder_scheme.h"

#include <algorithm>
#include <iterator>

#include "base/text.h"

namespace linnet {
namespace {

using enum FolderScheme::Levels;
using Shared = FolderScheme::Shared;
using Scales = FolderScheme::Scales;
using Input = FolderScheme::Input;

// clang-format off
constexpr std::string_view packed = "pack-quantized", ints = "int-quantized",
                           floats = "float-quantized", mxfp4 = "mxfp4-pack-quantized",
                           nvfp4 = "nvfp4-pack-quantized";
constexpr FolderScheme table[] = {
    // name, layout, levels, bits, symmetric, scales shared, group, scales, input
    {"W8A16",       packed, Int,  8, true,  Shared::ByGroup,  128, Scales::Float,      Input::Float},
    {"W4A16",       packed, Int,  4, true,  Shared::ByGroup,  128, Scales::Float,      Input::Float},
    {"W4A16_ASYM",  packed, Int,  4, false, Shared::ByGroup,  128, Scales::Float,      Input::Float},
    {"W3A16",       packed, Int,  3, true,  Shared::ByGroup,  128, Scales::Float,      Input::Float},
    {"W4A8",        ints,   Int,  4, true,  Shared::ByGroup,  128, Scales::Float,      Input::Int8Token},
    {"W8A8",        ints,   Int,  8, true,  Shared::ByRow,    0,   Scales::Float,      Input::Int8Token},
    {"W8A8_STATIC", ints,   Int,  8, true,  Shared::ByRow,    0,   Scales::Float,      Input::Int8Tensor},
    {"FP8",         floats, E4M3, 8, true,  Shared::ByTensor, 0,   Scales::Float,      Input::Fp8Tensor},
    {"FP8_DYNAMIC", floats, E4M3, 8, true,  Shared::ByRow,    0,   Scales::Float,      Input::Fp8Token},
    {"FP8_BLOCK",   floats, E4M3, 8, true,  Shared::ByBlock,  128, Scales::Float,      Input::Fp8Group},
    {"MXFP4",       mxfp4,  E2M1, 4, true,  Shared::ByGroup,  32,  Scales::PowerOfTwo, Input::Mxfp4},
    {"MXFP4A16",    mxfp4,  E2M1, 4, true,  Shared::ByGroup,  32,  Scales::PowerOfTwo, Input::Float},
    {"NVFP4",       nvfp4,  E2M1, 4, true,  Shared::ByGroup,  16,  Scales::E4M3,       Input::Nvfp4},
    {"NVFP4A16",    nvfp4,  E2M1, 4, true,  Shared::ByGroup,  16,  Scales::E4M3,       Input::Float},
};
// clang-format on

// The settings of a quantized tensor.
Json args(int bits, std::string_view type, std::string_view strategy) {
    return Json::object({{"num_bits", bits},
                         {"type", type},
                         {"symmetric", true},
                         {"strategy", strategy},
                         {"dynamic", false}});
}

std::string_view strategy(const FolderScheme& scheme) {
    switch (scheme.shared) {
        case Shared::ByTensor:
            return "tensor";
        case Shared::ByRow:
            return "channel";
        case Shared::ByBlock:
            return "block";
        case Shared::ByGroup:
            break;
    }
    return scheme.scales == Scales::E4M3 ? "tensor_group" : "group";
}

std::string_view scale_dtype(const FolderScheme& scheme) {
    return scheme.scales == Scales::E4M3 ? "torch.float8_e4m3fn" : "torch.uint8";
}

Json weights(const FolderScheme& scheme) {
    Json out = args(static_cast<int>(scheme.bits), scheme.levels == Int ? "int" : "float",
                    strategy(scheme));
    out.set("symmetric", scheme.symmetric);
    if (scheme.shared == Shared::ByGroup) out.set("group_size", scheme.group);
    if (scheme.shared == Shared::ByBlock)
        out.set("block_structure", Json(Json::Array{scheme.group, scheme.group}));
    if (scheme.scales != Scales::Float)
        out.set("scale_dtype", scale_dtype(scheme)).set("zp_dtype", scale_dtype(scheme));
    return out;
}

Json inputs(const FolderScheme& scheme) {
    switch (scheme.input) {
        case Input::Float:
            return {};
        case Input::Int8Token:
            return args(8, "int", "token").set("dynamic", true);
        case Input::Int8Tensor:
            return args(8, "int", "tensor");
        case Input::Fp8Token:
            return args(8, "float", "token").set("dynamic", true);
        case Input::Fp8Tensor:
            return args(8, "float", "tensor");
        case Input::Fp8Group:
            return args(8, "float", "group").set("dynamic", true).set("group_size", scheme.group);
        case Input::Mxfp4:
        case Input::Nvfp4:
            break;
    }
    const bool local = scheme.input == Input::Nvfp4;  // groups as they come, in the tensor's range
    return args(4, "float", strategy(scheme))
        .set("dynamic", local ? Json("local") : Json(true))
        .set("group_size", scheme.group)
        .set("scale_dtype", scale_dtype(scheme))
        .set("zp_dtype", scale_dtype(scheme));
}

}  // namespace

std::span<const FolderScheme> folder_schemes() {
    return table;
}

const FolderScheme* folder_scheme(std::string_view name) {
    auto row = std::ranges::find_if(
        table, [&](const FolderScheme& each) { return lower(each.name) == lower(name); });
    return row == std::end(table) ? nullptr : row;
}

std::string FolderScheme::text() const {
    const std::string number = levels == Levels::Int    ? cat(symmetric ? "int" : "uint", bits)
                               : levels == Levels::E4M3 ? "float8"
                                                        : "float4";
    switch (shared) {
        case Shared::ByTensor:
            return cat(number, " by tensor");
        case Shared::ByRow:
            return cat(number, " by row");
        case Shared::ByBlock:
            return cat(number, " by blocks of ", group, " x ", group);
        case Shared::ByGroup:
            break;
    }
    return cat(number, " by groups of ", group);
}

Result<FolderScheme> change_scheme(FolderScheme scheme, const SchemeChanges& changes) {
    auto refuse = [&](std::string_view what) {
        return Error{Code::Usage, cat("the scheme ", scheme.name, " ", what),
                     "take another scheme, or leave that out"};
    };
    if (!changes.shared.empty()) {
        if (scheme.levels != Int && changes.shared == "group")
            return refuse("has no groups of a size that can be chosen");
        if (scheme.has_fixed_group() || scheme.shared == Shared::ByBlock)
            return refuse("says itself what shares a scale");
        scheme.shared = changes.shared == "tensor"    ? Shared::ByTensor
                        : changes.shared == "channel" ? Shared::ByRow
                                                      : Shared::ByGroup;
        if (scheme.shared == Shared::ByGroup && scheme.group == 0) scheme.group = 128;
    }
    if (changes.group != 0) {
        if (scheme.shared != Shared::ByGroup || scheme.has_fixed_group())
            return refuse("has no groups of a size that can be chosen");
        scheme.group = changes.group;
    }
    if (changes.symmetric) {
        if (scheme.levels != Int && !*changes.symmetric) return refuse("is of floats");
        if (!*changes.symmetric && scheme.input != Input::Float)
            return refuse("rounds what is multiplied with, and has no zero points for it");
        if (!*changes.symmetric && scheme.shared == Shared::ByTensor)
            return refuse("has no place for one zero point");
        scheme.symmetric = *changes.symmetric;
    }
    return scheme;
}

Json quantization_config(const FolderScheme& scheme, bool head) {
    Json group = Json::object({{"targets", Json(Json::Array{"Linear"})},
                               {"weights", weights(scheme)},
                               {"input_activations", inputs(scheme)},
                               {"output_activations", Json()},
                               {"format", scheme.format}});
    Json ignored = Json::array();
    if (!head) ignored.push("lm_head");
    return Json::object({{"quant_method", "compressed-tensors"},
                         {"format", scheme.format},
                         {"quantization_status", "compressed"},
                         {"config_groups", Json::object({{"group_0", std::move(group)}})},
                         {"ignore", std::move(ignored)},
                         {"kv_cache_scheme", Json()}});
}

}  // namespace linnet
