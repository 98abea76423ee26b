#include "exchange/folder_config.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "model/rope.h"

namespace linnet {
namespace {

Error cannot_say(std::string what) {
    return {Code::Unsupported, cat("a folder cannot say that ", what)};
}

class ConfigWriter {
  public:
    ConfigWriter(const Source& source, const FolderStyle& style) : source_(source), style_(style) {}

    Result<Json> write(std::string_view dtype) {
        if (style_.transposed) return cannot_say("positions are learned, in this build");
        if (TRY(source_.uint_or("expert_count", 0, 1024, 0)) > 0)
            return cannot_say("there are experts, in this build");
        TRY(read_sizes());
        Json architectures = Json::array();
        architectures.push(style_.class_name);
        json_.set("architectures", std::move(architectures)).set("model_type", style_.model_type);
        json_.set("dtype", dtype).set("torch_dtype", dtype);
        TRY(write_sizes());
        TRY(write_family());
        TRY(write_rotation());
        return std::move(json_);
    }

  private:
    Result<> read_sizes() {
        dim_ = TRY(source_.need_uint("embedding_length", 1, 1 << 16));
        heads_ = TRY(source_.need_uint("attention.head_count", 1, 1024));
        layers_ = TRY(source_.need_uint("block_count", 1, 1024));
        head_dim_ =
            TRY(source_.uint_or("attention.key_length", 1, 1024, std::max(dim_ / heads_, 1u)));
        context_ = TRY(source_.uint_or("context_length", 1, 1 << 24, 2048));
        return Done{};
    }

    Result<> write_sizes() {
        const Tensor& embedding = *TRY(source_.need("token_embd.weight"));
        json_.set("vocab_size", embedding.shape[0]);
        json_.set("hidden_size", dim_).set("num_hidden_layers", layers_);
        json_.set("intermediate_size", TRY(source_.need_uint("feed_forward_length", 1, 1 << 30)));
        json_.set("num_attention_heads", heads_);
        json_.set("num_key_value_heads",
                  TRY(source_.uint_or("attention.head_count_kv", 1, heads_, heads_)));
        json_.set("head_dim", head_dim_);
        json_.set("max_position_embeddings", context_);
        json_.set("rms_norm_eps",
                  exact(TRY(source_.float_or("attention.layer_norm_rms_epsilon", 1e-5f))));
        json_.set("tie_word_embeddings", !source_.has("output.weight"));
        json_.set("hidden_act", style_.activation);
        const bool biased = source_.has("blk.0.attn_q.bias");
        if (biased != source_.has("blk.0.attn_output.bias") && source_.architecture() != "qwen2")
            return cannot_say("some projections of attention have a bias, and some have none");
        json_.set("attention_bias", biased);
        json_.set("mlp_bias", source_.has("blk.0.ffn_up.bias"));
        return Done{};
    }

    Result<> write_family() {
        const std::string& family = source_.architecture();
        const uint32_t window = TRY(source_.uint_or("attention.sliding_window", 0, 1u << 30, 0));
        if (family == "llama" && window > 0) {
            Json classes = Json::array();
            classes.push("MistralForCausalLM");
            json_.set("architectures", std::move(classes)).set("model_type", "mistral");
        }
        if (family == "olmo2" && window > 0)
            return cannot_say("layers see a window, in this build");
        if (style_.has_window && window > 0) json_.set("sliding_window", window);
        if (family == "qwen2" || family == "smollm3") json_.set("use_sliding_window", false);
        if (family == "granite") {
            TRY(copy("embedding_scale", "embedding_multiplier"));
            TRY(copy("attention.scale", "attention_multiplier"));
            TRY(copy("residual_scale", "residual_multiplier"));
            TRY(copy("logit_scale", "logits_scaling"));
        }
        return style_.norm_offset > 0 ? write_gemma() : Done{};
    }

    Result<> write_gemma() {
        json_.set("hidden_activation", style_.activation);
        json_.set("tie_word_embeddings", true);
        const bool second = source_.architecture() == "gemma2";
        const bool large = layers_ == (second ? 46u : 62u);
        json_.set("query_pre_attn_scalar", large ? dim_ / heads_ : head_dim_);
        if (second) {
            json_.set("attn_logit_softcapping", 50.0).set("final_logit_softcapping", 30.0);
        } else {
            json_.set("attn_logit_softcapping", Json()).set("final_logit_softcapping", Json());
        }
        TRY(copy("attn_logit_softcapping", "attn_logit_softcapping"));
        TRY(copy("final_logit_softcapping", "final_logit_softcapping"));
        Json types = Json::array();
        for (uint32_t layer = 0; layer < layers_; layer++)
            types.push((layer + 1) % style_.full_every == 0 ? "full_attention"
                                                            : "sliding_attention");
        json_.set("layer_types", std::move(types));
        return Done{};
    }

    Result<> copy(std::string_view setting, std::string_view name) {
        if (source_.setting(setting)) json_.set(name, exact(TRY(source_.float_or(setting, 0))));
        return Done{};
    }

    Result<> write_rotation();
    Result<Json> scaling(float base);
    Result<Json> llama3_scaling(const std::vector<float>& divisors, float base);
    Result<Json> longrope(uint32_t turned, float original);

    // The shortest number that is the same in float32.
    static double exact(float value) {
        return parse_number(cat(value)).value_or(static_cast<double>(value));
    }

    const Source& source_;
    const FolderStyle& style_;
    Json json_ = Json::object();
    uint32_t dim_ = 0, heads_ = 0, layers_ = 0, head_dim_ = 0, context_ = 0;
};

Result<> ConfigWriter::write_rotation() {
    const float base = TRY(source_.float_or("rope.freq_base", 10000));
    Json full = TRY(scaling(base));
    full.set("rope_theta", exact(base));
    json_.set("rope_theta", exact(base));  // where older readers look
    if (source_.architecture() != "gemma3") {
        json_.set("rope_parameters", std::move(full));
        return Done{};
    }
    const double local = exact(TRY(source_.float_or("rope.freq_base_swa", 10000)));
    json_.set("rope_local_base_freq", local);
    Json sliding = Json::object({{"rope_type", "default"}, {"rope_theta", local}});
    json_.set("rope_parameters", Json::object({{"full_attention", std::move(full)},
                                               {"sliding_attention", std::move(sliding)}}));
    return Done{};
}

Result<Json> ConfigWriter::scaling(float base) {
    const uint32_t turned = TRY(source_.uint_or("rope.dimension_count", 2, head_dim_, head_dim_));
    Json out = Json::object({{"rope_type", "default"}});
    if (turned != head_dim_) {
        const double part = static_cast<double>(turned) / head_dim_;
        out.set("partial_rotary_factor", part);
        json_.set("partial_rotary_factor", part);
    }
    const float original =
        TRY(source_.float_or("rope.scaling.original_context_length", static_cast<float>(context_)));
    if (source_.architecture() == "phi3")
        json_.set("original_max_position_embeddings", static_cast<uint64_t>(original));
    if (source_.has("rope_factors_long.weight")) {
        Json factors = TRY(longrope(turned, original));
        if (const Json* part = out.find("partial_rotary_factor"))
            factors.set("partial_rotary_factor", *part);
        return factors;
    }
    if (source_.has("rope_freqs.weight"))
        return llama3_scaling(TRY(source_.vector("rope_freqs.weight", turned / 2, true)), base);
    const float factor = TRY(source_.float_or("rope.scaling.factor", 1));
    const std::string type =
        source_.string_or("rope.scaling.type", factor == 1 ? "none" : "linear");
    if (type == "none" || type.empty()) return out;
    if (type != "linear" && type != "yarn")
        return cannot_say(cat("rotary positions are scaled by '", printable(type, 40), "'"));
    out.set("rope_type", type).set("factor", exact(factor));
    if (type == "linear") return out;
    out.set("original_max_position_embeddings", static_cast<uint64_t>(original));
    for (auto [name, gguf] : {std::pair("beta_fast", "rope.scaling.yarn_beta_fast"),
                              std::pair("beta_slow", "rope.scaling.yarn_beta_slow")})
        if (source_.setting(gguf)) out.set(name, exact(TRY(source_.float_or(gguf, 0))));
    if (source_.setting("rope.scaling.attn_factor"))
        out.set("attention_factor", exact(TRY(source_.float_or("rope.scaling.attn_factor", 1)) *
                                          yarn_magnitude(factor, 1)));
    return out;
}

// The divisors say no more what made them: of the settings that models have, those that do.
Result<Json> ConfigWriter::llama3_scaling(const std::vector<float>& divisors, float base) {
    Llama3Scaling found{.factor = std::ranges::max(divisors)};
    const std::vector<float> plain = Rope::frequencies(divisors.size() * 2, base);
    for (float original : {8192.0f, 4096.0f, 2048.0f, 16384.0f, 32768.0f, 64.0f}) {
        found.original_context = original;
        std::vector<float> scaled = plain;
        scale_llama3(scaled, found);
        bool same = true;
        for (size_t i = 0; i < plain.size(); i++)
            same &= std::abs(plain[i] / scaled[i] - divisors[i]) <= 1e-5f * divisors[i];
        if (same)
            return Json::object(
                {{"rope_type", "llama3"},
                 {"factor", exact(found.factor)},
                 {"low_freq_factor", exact(found.low_frequency_factor)},
                 {"high_freq_factor", exact(found.high_frequency_factor)},
                 {"original_max_position_embeddings", static_cast<uint64_t>(original)}});
    }
    return cannot_say("each rotary frequency has a divisor of its own");
}

Result<Json> ConfigWriter::longrope(uint32_t turned, float original) {
    Json out = Json::object({{"rope_type", "longrope"}});
    for (auto [name, gguf] : {std::pair("long_factor", "rope_factors_long.weight"),
                              std::pair("short_factor", "rope_factors_short.weight")}) {
        Json list = Json::array();
        for (float value : TRY(source_.vector(gguf, turned / 2, true))) list.push(exact(value));
        out.set(name, std::move(list));
    }
    out.set("original_max_position_embeddings", static_cast<uint64_t>(original));
    if (source_.setting("rope.scaling.attn_factor"))
        out.set("attention_factor", exact(TRY(source_.float_or("rope.scaling.attn_factor", 1))));
    return out;
}

}  // namespace

Result<Json> folder_config(const Source& source, const FolderStyle& style, std::string_view dtype) {
    return ConfigWriter(source, style).write(dtype);
}

}  // namespace linnet
