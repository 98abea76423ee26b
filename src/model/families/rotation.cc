#include "model/families/rotation.h"

#include <algorithm>
#include <cmath>

namespace linnet {
namespace {

// The settings of either file, in one form.
struct Rotation {
    std::string type = "default";
    uint32_t dims = 0;
    float base = 10000, factor = 1;
    float original_context = 0;
    float magnitude = 0;  // 0 where the scaling's own holds
    YarnScaling yarn;
    Llama3Scaling llama3;
    std::vector<float> divisors, long_divisors;
};

// Names within the object that a folder keeps for its rotation.
class Parameters {
  public:
    Parameters(const Source& source, bool sliding) {
        for (std::string_view name : {"rope_parameters", "rope_scaling"}) {
            auto found = source.document_setting(name);
            if (!found || !found->is_object()) continue;
            // One object for each kind of layer, or one alone.
            const Json* part = found->find(sliding ? "sliding_attention" : "full_attention");
            if (part && part->is_object())
                object_ = *part;
            else if (!sliding)
                object_ = *found;
            return;
        }
    }
    const Json* find(std::string_view name) const {
        const Json* value = object_.find(name);
        return value && !value->is_null() ? value : nullptr;
    }
    std::string text(std::string_view name) const { return object_.string_or(name, ""); }
    Result<float> number(std::string_view name, float other) const {
        const Json* value = find(name);
        if (!value) return other;
        auto number = value->as_double();
        if (!number || !std::isfinite(static_cast<float>(*number)))
            return Error{Code::BadInput, cat("the rotary setting ", name, " is ",
                                             printable(value->dump(), 80), ", not a number")};
        return static_cast<float>(*number);
    }
    Result<std::vector<float>> numbers(std::string_view name) const {
        std::vector<float> out;
        const Json* value = find(name);
        if (!value || !value->is_array()) return out;
        for (const Json& item : *value->as_array()) {
            if (!item.as_double())
                return Error{Code::BadInput,
                             cat("the rotary setting ", name, " is no list of numbers")};
            out.push_back(static_cast<float>(*item.as_double()));
        }
        return out;
    }

  private:
    Json object_ = Json::object();
};

Result<float> read_base(const Source& source, const RotationStyle& style) {
    if (style.sliding) return source.float_or("rope.freq_base_swa", style.sliding_base);
    return source.float_or("rope.freq_base", 10000);
}

Result<Rotation> read_folder(const Source& source, const RotationStyle& style) {
    Rotation r;
    Parameters from(source, style.sliding);
    r.type = from.text("rope_type");
    if (r.type.empty()) r.type = from.text("type");
    if (r.type == "su") r.type = "longrope";
    float base = TRY(read_base(source, style));
    float part = TRY(source.float_or("rope.partial_rotary_factor", 1));
    float context = TRY(source.float_or("context_length", 0));
    float original = TRY(source.float_or("rope.scaling.original_context_length", context));
    r.base = TRY(from.number("rope_theta", base));
    r.original_context = TRY(from.number("original_max_position_embeddings", original));
    part = TRY(from.number("partial_rotary_factor", part));
    if (!(part > 0 && part <= 1))
        return Error{Code::BadInput, cat("partial_rotary_factor is ", part, ", not in (0, 1]")};
    r.dims = static_cast<uint32_t>(static_cast<float>(style.head_dim) * part);
    r.factor = TRY(from.number("factor", 1));
    if (!from.find("factor") && r.original_context > 0) r.factor = context / r.original_context;
    r.magnitude = TRY(from.number("attention_factor", 0));
    r.yarn.fast = TRY(from.number("beta_fast", 32));
    r.yarn.slow = TRY(from.number("beta_slow", 1));
    const Json* truncate = from.find("truncate");
    r.yarn.whole_pairs = !truncate || truncate->as_bool().value_or(true);
    float mscale = TRY(from.number("mscale", 0)), all = TRY(from.number("mscale_all_dim", 0));
    if (r.type == "yarn" && r.magnitude == 0 && mscale != 0 && all != 0 && r.factor > 1)
        r.magnitude = yarn_magnitude(r.factor, mscale) / yarn_magnitude(r.factor, all);
    r.llama3.low_frequency_factor = TRY(from.number("low_freq_factor", 1));
    r.llama3.high_frequency_factor = TRY(from.number("high_freq_factor", 4));
    r.divisors = TRY(from.numbers("short_factor"));
    r.long_divisors = TRY(from.numbers("long_factor"));
    return r;
}

Result<Rotation> read_gguf(const Source& source, const RotationStyle& style) {
    Rotation r;
    r.dims = TRY(source.uint_or("rope.dimension_count", 2, style.head_dim, style.head_dim));
    r.base = TRY(read_base(source, style));
    r.magnitude = 1;
    if (style.sliding) return r;
    r.factor = TRY(source.float_or("rope.scale_linear", 1));
    r.factor = TRY(source.float_or("rope.scaling.factor", r.factor));
    r.type = source.string_or("rope.scaling.type", r.factor == 1 ? "none" : "linear");
    float context = TRY(source.float_or("context_length", 0));
    r.original_context = TRY(source.float_or("rope.scaling.original_context_length", context));
    float magnitude = TRY(source.float_or("rope.scaling.attn_factor", 1));
    r.yarn.fast = TRY(source.float_or("rope.scaling.yarn_beta_fast", 32));
    r.yarn.slow = TRY(source.float_or("rope.scaling.yarn_beta_slow", 1));
    // What Llama 3.1 does to the frequencies comes as divisors, computed by the converter.
    r.divisors = TRY(source.vector("rope_freqs.weight", r.dims / 2, false));
    if (source.has("rope_factors_long.weight")) {
        r.type = "longrope";
        r.factor = 1;
        r.divisors = TRY(source.vector("rope_factors_short.weight", r.dims / 2, true));
        r.long_divisors = TRY(source.vector("rope_factors_long.weight", r.dims / 2, true));
    }
    r.magnitude = r.type == "yarn" ? magnitude * yarn_magnitude(r.factor, 1) : magnitude;
    return r;
}

Result<> check_sizes(const Rotation& r, const RotationStyle& style) {
    auto refuse = [](std::string why) {
        return Error{Code::BadInput, cat("the rotary settings do not fit together: ", why)};
    };
    if (r.dims < 2 || r.dims % 2 != 0 || r.dims > style.head_dim)
        return refuse(cat(r.dims, " of ", style.head_dim, " values of a head"));
    if (!(r.base > 0) || !(r.factor > 0))
        return refuse(cat("base ", r.base, ", factor ", r.factor));
    for (const auto& divisors : {r.divisors, r.long_divisors})
        if (!divisors.empty() && divisors.size() != r.dims / 2)
            return refuse(cat(divisors.size(), " factors for ", r.dims / 2, " pairs"));
    if (r.type == "longrope" && (r.divisors.empty() || r.long_divisors.empty()))
        return refuse("longrope without its factors");
    if ((r.type == "longrope" || r.type == "yarn" || r.type == "llama3") &&
        !(r.original_context > 1 && r.original_context < 1e9f))
        return refuse(cat("an original context of ", r.original_context));
    return Done{};
}

// Longrope's, as its authors give it.
float longrope_magnitude(float factor, float original_context) {
    return factor > 1 ? std::sqrt(1 + std::log(factor) / std::log(original_context)) : 1;
}

Result<> scale(Rope& rope, const Rotation& r) {
    auto divide = [](std::vector<float>& frequencies, std::span<const float> by) {
        for (size_t i = 0; i < by.size(); i++) frequencies[i] /= by[i];
    };
    rope.magnitude = r.magnitude > 0 ? r.magnitude : 1;
    // "dynamic" changes nothing up to the context that the model was trained for.
    constexpr std::string_view plain[] = {"", "none", "default", "dynamic", "mrope"};
    if (r.type == "linear") {
        for (float& frequency : rope.inverse_frequencies) frequency /= r.factor;
    } else if (r.type == "llama3") {
        Llama3Scaling scaling = r.llama3;
        scaling.factor = r.factor;
        scaling.original_context = r.original_context;
        scale_llama3(rope.inverse_frequencies, scaling);
    } else if (r.type == "yarn") {
        YarnScaling scaling = r.yarn;
        scaling.factor = r.factor;
        scaling.base = r.base;
        scaling.original_context = r.original_context;
        scale_yarn(rope.inverse_frequencies, scaling);
        if (!(r.magnitude > 0)) rope.magnitude = yarn_magnitude(r.factor, 1);
    } else if (r.type == "longrope") {
        rope.long_frequencies = rope.inverse_frequencies;
        rope.original_context = static_cast<uint32_t>(r.original_context);
        divide(rope.long_frequencies, r.long_divisors);
        if (!(r.magnitude > 0)) rope.magnitude = longrope_magnitude(r.factor, r.original_context);
    } else if (std::ranges::find(plain, r.type) == std::end(plain)) {
        return Error{Code::Unsupported, cat("the model scales its rotary positions by '",
                                            printable(r.type, 40), "', which this build does not")};
    }
    divide(rope.inverse_frequencies, r.divisors);
    return Done{};
}

}  // namespace

Result<Rope> read_rope(const Source& source, const RotationStyle& style) {
    bool folder = source.from_hugging_face();
    Rotation rotation = TRY(folder ? read_folder(source, style) : read_gguf(source, style));
    TRY(check_sizes(rotation, style));
    Rope rope;
    rope.pairs = folder ? RopePairs::Halves : style.gguf_pairs;
    rope.inverse_frequencies = Rope::frequencies(rotation.dims, rotation.base);
    TRY(scale(rope, rotation));
    for (const auto& frequencies : {rope.inverse_frequencies, rope.long_frequencies})
        for (float frequency : frequencies)
            if (!std::isfinite(frequency))
                return Error{Code::BadInput, "the rotary frequencies are not finite numbers"};
    if (!std::isfinite(rope.magnitude))
        return Error{Code::BadInput, "the rotary magnitude is not a finite number"};
    return rope;
}

}  // namespace linnet
