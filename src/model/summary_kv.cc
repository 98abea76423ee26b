// How much a model keeps of every past token: heads, widths and windows of its layers.
#include <algorithm>

#include "model/summary_settings.h"

namespace linnet {
namespace {

constexpr uint64_t heads_max = 1 << 16;
constexpr uint64_t head_dim_max = 1 << 16;
constexpr uint64_t window_max = uint64_t{1} << 32;

// Families in which all layers but every n-th look back over a window only, and whose files do not
// say so. 0: every layer does.
struct Pattern {
    std::string_view architecture;
    uint64_t every;
};
constexpr Pattern patterns[] = {
    {"gemma2", 2},  {"gemma3", 6},  {"gemma3_text", 6}, {"gemma3n", 5}, {"gemma3n_text", 5},
    {"cohere2", 4}, {"gpt-oss", 2}, {"gpt_oss", 2},     {"olmo3", 4},   {"mistral", 0},
};

// Which layers look back over a window only, and how far.
class Windows {
  public:
    static Result<Windows> read(const SummarySettings& settings) {
        Windows out;
        auto window =
            TRY(settings.greatest("attention.sliding_window", {"sliding_window"}, window_max));
        out.window_ = window.value_or(0);
        out.kinds_ = settings.find("attention.sliding_window_pattern",
                                   {"layer_types", "sliding_window_pattern"});
        auto row = std::ranges::find(patterns, settings.architecture(), &Pattern::architecture);
        if (row != std::end(patterns)) out.every_ = row->every;
        if (settings.find("", {"use_sliding_window"}).flag(0) == false) out.window_ = 0;
        if (out.kinds_ && !out.kinds_.is_list()) out.every_ = TRY(out.kinds_.uint(window_max, 0));
        return out;
    }

    uint64_t of(uint64_t layer) const {
        if (window_ == 0) return 0;
        if (kinds_.is_list()) {
            auto text = kinds_.text(layer);
            bool slides = text ? *text == "sliding_attention" : kinds_.flag(layer).value_or(false);
            return slides ? window_ : 0;
        }
        if (!every_) return 0;
        return *every_ == 0 || (layer + 1) % *every_ != 0 ? window_ : 0;
    }

  private:
    uint64_t window_ = 0;
    Setting kinds_;
    std::optional<uint64_t> every_;
};

// Encoders look at a whole text at once and keep nothing.
bool keeps_nothing(const SummarySettings& settings) {
    if (settings.gguf()) return settings.find("attention.causal", {}).flag(0) == false;
    const std::string& type = settings.architecture();
    return type == "bert" || type == "nomic_bert" || type == "roberta" || type == "xlm-roberta" ||
           type == "distilbert" || type == "modernbert";
}

bool has_no_attention(std::string_view architecture) {
    return architecture == "mamba2" || architecture == "rwkv7";
}

// A folder of a hybrid lists its layers; a GGUF file gives the others no heads.
bool is_recurrent(std::string_view layer_type) {
    return layer_type == "mamba" || layer_type == "linear_attention" || layer_type == "conv";
}

}  // namespace

Result<std::vector<KvLayer>> summarize_kv(const SummarySettings& settings, uint64_t layers,
                                          uint64_t embedding) {
    if (keeps_nothing(settings) || has_no_attention(settings.architecture()))
        return std::vector<KvLayer>(layers);
    Setting all_heads =
        settings.find("attention.head_count", {"num_attention_heads", "n_head", "num_heads"});
    Setting all_kv_heads = settings.find("attention.head_count_kv",
                                         {"num_key_value_heads", "n_head_kv", "num_kv_heads"});
    auto key_dim = TRY(settings.greatest("attention.key_length", {"head_dim"}, head_dim_max));
    auto value_dim =
        TRY(settings.greatest("attention.value_length", {"v_head_dim", "head_dim"}, head_dim_max));
    Windows windows = TRY(Windows::read(settings));
    Setting kinds = settings.find("", {"layer_types", "layers_block_type"});
    // The last layers of Gemma 3n read what earlier ones keep.
    auto shared =
        TRY(settings.greatest("attention.shared_kv_layers", {"num_kv_shared_layers"}, layers));
    std::vector<KvLayer> out;
    for (uint64_t layer = 0; layer < layers; layer++) {
        auto heads = TRY(all_heads.uint(heads_max, layer));
        if (!heads) return std::vector<KvLayer>();
        KvLayer kv;
        kv.heads = TRY(all_kv_heads.uint(heads_max, layer)).value_or(*heads);
        bool shares = layer >= layers - shared.value_or(0);
        if (shares || is_recurrent(kinds.text(layer).value_or(""))) kv.heads = 0;
        uint64_t even = *heads > 0 ? embedding / *heads : 0;
        kv.key_dim = key_dim.value_or(even);
        kv.value_dim = value_dim.value_or(even);
        kv.window = windows.of(layer);
        if (kv.heads > 0 && (kv.key_dim == 0 || kv.value_dim == 0)) return std::vector<KvLayer>();
        out.push_back(kv);
    }
    return out;
}

}  // namespace linnet
