#include "exchange/folder_settings.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "model/rope.h"

namespace linnet {
namespace {

Error cannot_say(std::string what) {
    return {Code::Unsupported, cat("a GGUF file cannot say that ", what),
            "the folder itself runs: name it in place of a GGUF file"};
}

class SettingsWriter {
  public:
    SettingsWriter(const Source& source, const FolderStyle& style, MetadataBuilder& metadata)
        : source_(source), style_(style), metadata_(metadata) {
        for (std::string_view name : {"rope_parameters", "rope_scaling"}) {
            auto found = source.document_setting(name);
            if (!found || !found->is_object()) continue;
            const Json* full = found->find("full_attention");
            const Json* sliding = found->find("sliding_attention");
            rotation_ = full && full->is_object() ? *full : *found;
            if (sliding && sliding->is_object()) sliding_ = *sliding;
            return;
        }
    }

    Result<std::vector<SettingTensor>> write() {
        TRY(write_sizes());
        TRY(write_experts());
        TRY(write_factors());
        TRY(write_window());
        TRY(check_what_is_fixed());
        TRY(write_rotation());
        return std::move(tensors_);
    }

  private:
    std::string key(std::string_view name) const { return cat(source_.architecture(), ".", name); }

    Result<> write_uint(std::string_view name, uint32_t most) {
        if (source_.setting(name)) metadata_.set(key(name), TRY(source_.need_uint(name, 0, most)));
        return Done{};
    }
    Result<> write_float(std::string_view name) {
        if (source_.setting(name)) metadata_.set(key(name), TRY(source_.float_or(name, 0)));
        return Done{};
    }

    Result<> write_sizes() {
        constexpr uint32_t most = 1u << 30;
        TRY(write_uint("context_length", most));
        dim_ = TRY(source_.need_uint("embedding_length", 1, 1 << 16));
        heads_ = TRY(source_.need_uint("attention.head_count", 1, 1024));
        layers_ = TRY(source_.need_uint("block_count", 1, 1024));
        metadata_.set(key("embedding_length"), dim_).set(key("block_count"), layers_);
        const uint32_t usual_hidden = style_.transposed ? 4 * dim_ : 0;
        metadata_.set(key("feed_forward_length"),
                      TRY(source_.uint_or("feed_forward_length", 0, most, usual_hidden)));
        metadata_.set(key("attention.head_count"), heads_);
        metadata_.set(key("attention.head_count_kv"),
                      TRY(source_.uint_or("attention.head_count_kv", 1, heads_, heads_)));
        head_dim_ = TRY(source_.uint_or("attention.key_length", 1, 1024, dim_ / heads_));
        metadata_.set(key("attention.key_length"), head_dim_);
        metadata_.set(key("attention.value_length"), head_dim_);
        TRY(write_float("attention.layer_norm_rms_epsilon"));
        return write_float("attention.layer_norm_epsilon");
    }

    Result<> write_experts() {
        TRY(write_uint("expert_count", 1024));
        TRY(write_uint("expert_used_count", 1024));
        TRY(write_uint("expert_feed_forward_length", 1 << 20));
        if (source_.setting("expert_weights_norm") &&
            !TRY(source_.bool_or("expert_weights_norm", true)))
            return cannot_say("the weights of experts are not made to sum to one");
        return Done{};
    }

    Result<> write_factors() {
        for (std::string_view name :
             {"attention.scale", "embedding_scale", "residual_scale", "logit_scale",
              "attn_logit_softcapping", "final_logit_softcapping", "rope.freq_base_swa"})
            TRY(write_float(name));
        return Done{};
    }

    Result<bool> sees_a_window(uint32_t layer) const {
        auto type = source_.setting("layer_types", layer);
        return type && type->is_string() && *type->as_string() == "sliding_attention";
    }

    Result<> write_window() {
        if (!style_.has_window) {
            if (source_.setting("sliding_window") &&
                TRY(source_.bool_or("use_sliding_window", false)))
                return cannot_say("layers see a window");
            return Done{};
        }
        const uint32_t window = TRY(source_.uint_or("attention.sliding_window", 0, 1u << 30, 0));
        if (window > 0 || source_.architecture() == "phi3")
            metadata_.set(key("attention.sliding_window"), window);
        if (!source_.setting("layer_types")) return Done{};
        std::vector<bool> pattern;
        for (uint32_t layer = 0; layer < layers_; layer++) {
            pattern.push_back(TRY(sees_a_window(layer)));
            const bool usual = style_.full_every != 0 && (layer + 1) % style_.full_every != 0;
            if (style_.full_every != 0 && pattern.back() != usual)
                return cannot_say("other layers than usual see a window");
        }
        if (style_.says_layers) write_flags("attention.sliding_window_pattern", pattern);
        return Done{};
    }

    void write_flags(std::string_view name, const std::vector<bool>& flags) {
        std::string bytes;
        for (bool flag : flags) bytes += static_cast<char>(flag);
        Reader reader(as_bytes(bytes));
        auto value = Array::read(reader, ValueType::Bool, flags.size());
        check(bool(value), "as many flags as bytes");
        metadata_.set(key(name), *value);
    }

    // What readers of GGUF take for granted.
    Result<> check_what_is_fixed() const {
        const std::string activation = source_.string_or("activation", style_.activation);
        const bool same = activation == style_.activation ||
                          (style_.activation == "silu" && activation == "swish") ||
                          (style_.activation == "gelu_new" && activation == "gelu_pytorch_tanh");
        if (!same) return cannot_say(cat("the activation is '", printable(activation, 40), "'"));
        if (source_.architecture() == "smollm3") {
            for (uint32_t layer = 0; layer < layers_; layer++) {
                const bool turns =
                    TRY(source_.uint_or("no_rope_layers", 0, 1, (layer + 1) % 4 != 0, layer)) == 1;
                if (turns != ((layer + 1) % 4 != 0))
                    return cannot_say("other layers than every fourth have no rotation");
            }
        }
        if (auto scalar = source_.setting("attention.query_scalar"); scalar) {
            const double usual = scalar_that_is_usual();
            if (scalar->as_double().value_or(usual) != usual)
                return cannot_say("queries have a scale of their own");
        }
        return Done{};
    }
    // The largest model of each generation of Gemma has another one.
    double scalar_that_is_usual() const {
        const bool large = (source_.architecture() == "gemma2" && layers_ == 46) ||
                           (source_.architecture() == "gemma3" && layers_ == 62);
        return large ? dim_ / heads_ : head_dim_;
    }

    Result<> write_rotation();
    Result<> write_yarn(float factor);
    Result<> write_llama3(float factor, float base);
    Result<> write_longrope(float original);

    const Json* rotation(std::string_view name) const {
        const Json* value = rotation_.find(name);
        return value && !value->is_null() ? value : nullptr;
    }
    Result<float> rotation_number(std::string_view name, float other) const {
        const Json* value = rotation(name);
        if (!value) return other;
        auto number = value->as_double();
        if (number && std::isfinite(*number)) return static_cast<float>(*number);
        return Error{Code::BadInput, cat("the rotary setting ", name, " is not a number")};
    }

    const Source& source_;
    const FolderStyle& style_;
    MetadataBuilder& metadata_;
    Json rotation_ = Json::object(), sliding_ = Json::object();
    uint32_t dim_ = 0, heads_ = 0, layers_ = 0, head_dim_ = 0;
    uint32_t turned_ = 0;  // values of a head
    std::vector<SettingTensor> tensors_;
};

Result<> SettingsWriter::write_rotation() {
    if (style_.transposed) return Done{};  // positions are learned
    float base = TRY(source_.float_or("rope.freq_base", 10000));
    base = TRY(rotation_number("rope_theta", base));
    metadata_.set(key("rope.freq_base"), base);
    if (const Json* other = sliding_.find("rope_theta"); other && other->as_double())
        metadata_.set(key("rope.freq_base_swa"), static_cast<float>(*other->as_double()));
    float part = TRY(source_.float_or("rope.partial_rotary_factor", 1));
    part = TRY(rotation_number("partial_rotary_factor", part));
    if (!(part > 0 && part <= 1))
        return Error{Code::BadInput, cat("partial_rotary_factor is ", part, ", not in (0, 1]")};
    turned_ = static_cast<uint32_t>(static_cast<float>(head_dim_) * part);
    metadata_.set(key("rope.dimension_count"), turned_);

    std::string type = rotation_.string_or("rope_type", rotation_.string_or("type", ""));
    const float context = TRY(source_.float_or("context_length", 0));
    float original = TRY(source_.float_or("rope.scaling.original_context_length", context));
    original = TRY(rotation_number("original_max_position_embeddings", original));
    if (!(original >= 0 && original < 1e9f))
        return Error{Code::BadInput, cat("the model says to have had a context of ", original)};
    if (type == "yarn" || source_.architecture() == "phi3")
        metadata_.set(key("rope.scaling.original_context_length"), static_cast<uint32_t>(original));
    float factor = TRY(rotation_number("factor", 1));
    if (!rotation("factor") && original > 0) factor = context / original;
    if (type.empty() || type == "default" || type == "none" || type == "dynamic" || type == "mrope")
        return Done{};
    if (type == "linear" || type == "yarn") {
        metadata_.set(key("rope.scaling.type"), type);
        metadata_.set(key("rope.scaling.factor"), factor);
        return type == "yarn" ? write_yarn(factor) : Done{};
    }
    if (type == "llama3") return write_llama3(factor, base);
    if (type == "longrope" || type == "su") return write_longrope(original);
    return cannot_say(cat("rotary positions are scaled by '", printable(type, 40), "'"));
}

Result<> SettingsWriter::write_yarn(float factor) {
    if (const Json* truncate = rotation("truncate");
        truncate && !truncate->as_bool().value_or(true))
        return cannot_say("the ramp of YaRN lies between pairs");
    for (auto [name, gguf] : {std::pair("beta_fast", "rope.scaling.yarn_beta_fast"),
                              std::pair("beta_slow", "rope.scaling.yarn_beta_slow")})
        if (rotation(name)) metadata_.set(key(gguf), TRY(rotation_number(name, 0)));
    float magnitude = TRY(rotation_number("attention_factor", 0));
    const float mscale = TRY(rotation_number("mscale", 0));
    const float all = TRY(rotation_number("mscale_all_dim", 0));
    if (magnitude == 0 && mscale != 0 && all != 0 && factor > 1)
        magnitude = yarn_magnitude(factor, mscale) / yarn_magnitude(factor, all);
    if (magnitude != 0)  // a file has it as a factor of the usual one
        metadata_.set(key("rope.scaling.attn_factor"), magnitude / yarn_magnitude(factor, 1));
    return Done{};
}

// As divisors of the frequencies.
Result<> SettingsWriter::write_llama3(float factor, float base) {
    if (turned_ < 2) return cannot_say("heads have less than two values");
    std::vector<float> plain = Rope::frequencies(turned_, base), scaled = plain;
    Llama3Scaling scaling{.factor = factor};
    scaling.low_frequency_factor = TRY(rotation_number("low_freq_factor", 1));
    scaling.high_frequency_factor = TRY(rotation_number("high_freq_factor", 4));
    scaling.original_context = TRY(rotation_number("original_max_position_embeddings", 8192));
    scale_llama3(scaled, scaling);
    SettingTensor tensor{"rope_freqs.weight", std::move(plain)};
    for (size_t i = 0; i < scaled.size(); i++) tensor.values[i] /= scaled[i];
    tensors_.push_back(std::move(tensor));
    return Done{};
}

Result<> SettingsWriter::write_longrope(float original) {
    if (original <= 1) return cannot_say("rotary positions are scaled from no context");
    for (auto [name, gguf] : {std::pair("long_factor", "rope_factors_long.weight"),
                              std::pair("short_factor", "rope_factors_short.weight")}) {
        const Json* list = rotation(name);
        const Json::Array* items = list ? list->as_array() : nullptr;
        SettingTensor tensor{gguf, {}};
        for (size_t i = 0; items && i < items->size(); i++)
            tensor.values.push_back(static_cast<float>((*items)[i].as_double().value_or(NAN)));
        const bool numbers =
            std::ranges::all_of(tensor.values, [](float x) { return std::isfinite(x); });
        if (tensor.values.size() != turned_ / 2 || !numbers)
            return Error{Code::BadInput, cat("the rotary setting ", name, " is no list of ",
                                             turned_ / 2, " numbers")};
        tensors_.push_back(std::move(tensor));
    }
    const float longer = TRY(source_.float_or("context_length", 0)) / original;
    float magnitude = longer > 1 ? std::sqrt(1 + std::log(longer) / std::log(original)) : 1;
    magnitude = TRY(rotation_number("attention_factor", magnitude));
    metadata_.set(key("rope.scaling.attn_factor"), magnitude);
    return Done{};
}

}  // namespace

Result<std::vector<SettingTensor>> write_gguf_settings(const Source& source,
                                                       const FolderStyle& style,
                                                       MetadataBuilder& metadata) {
    return SettingsWriter(source, style, metadata).write();
}

}  // namespace linnet
