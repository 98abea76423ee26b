#include "compress/mixture.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace linnet {
namespace {

// clang-format off
constexpr Mixture table[] = {
    {Mix::F32,       "F32",        0, "f32"},
    {Mix::F16,       "F16",        1, "f16"},
    {Mix::BF16,      "BF16",      32, "bf16"},
    {Mix::Q8_0,      "Q8_0",       7, "q8_0"},
    {Mix::Q6_K,      "Q6_K",      18, "q6_k"},
    {Mix::Q5_K_M,    "Q5_K_M",    17, "q5_k"},
    {Mix::Q5_K_S,    "Q5_K_S",    16, "q5_k"},
    {Mix::Q5_1,      "Q5_1",       9, "q5_1"},
    {Mix::Q5_0,      "Q5_0",       8, "q5_0"},
    {Mix::Q4_K_M,    "Q4_K_M",    15, "q4_k"},
    {Mix::Q4_K_S,    "Q4_K_S",    14, "q4_k"},
    {Mix::Q4_1,      "Q4_1",       3, "q4_1"},
    {Mix::Q4_0,      "Q4_0",       2, "q4_0"},
    {Mix::IQ4_NL,    "IQ4_NL",    25, "iq4_nl"},
    {Mix::IQ4_XS,    "IQ4_XS",    30, "iq4_xs"},
    {Mix::MXFP4_MOE, "MXFP4_MOE", 38, "mxfp4"},
    {Mix::IQ3_M,     "IQ3_M",     27, "iq3_s"},
    {Mix::IQ3_S,     "IQ3_S",     26, "iq3_s"},
    {Mix::IQ3_XS,    "IQ3_XS",    22, "iq3_s"},
    {Mix::IQ3_XXS,   "IQ3_XXS",   23, "iq3_xxs"},
    {Mix::Q3_K_L,    "Q3_K_L",    13, "q3_k"},
    {Mix::Q3_K_M,    "Q3_K_M",    12, "q3_k"},
    {Mix::Q3_K_S,    "Q3_K_S",    11, "q3_k"},
    {Mix::Q2_K,      "Q2_K",      10, "q2_k"},
    {Mix::Q2_K_S,    "Q2_K_S",    21, "q2_k"},
    {Mix::IQ2_M,     "IQ2_M",     29, "iq2_s"},
    {Mix::IQ2_S,     "IQ2_S",     28, "iq2_xs"},
    {Mix::IQ2_XS,    "IQ2_XS",    20, "iq2_xs"},
    {Mix::IQ2_XXS,   "IQ2_XXS",   19, "iq2_xxs"},
    {Mix::Q2_0,      "Q2_0",      41, "q2_0"},
    {Mix::TQ2_0,     "TQ2_0",     37, "tq2_0"},
    {Mix::IQ1_M,     "IQ1_M",     31, "iq1_m"},
    {Mix::TQ1_0,     "TQ1_0",     36, "tq1_0"},
    {Mix::IQ1_S,     "IQ1_S",     24, "iq1_s"},
    {Mix::Q1_0,      "Q1_0",      40, "q1_0"},
};

struct Pair {
    std::string_view from, to;
};
constexpr Pair aliases[] = {{"q5_k", "q5_k_m"}, {"q4_k", "q4_k_m"}, {"q3_k", "q3_k_m"}};

// For rows that are no whole number of blocks of 256 (or 64) values.
constexpr Pair fallbacks[] = {
    {"q6_k", "q8_0"},  {"q5_k", "q5_1"},  {"q4_k", "q5_0"},     {"q3_k", "q4_0"},  {"q2_k", "q4_0"},
    {"q2_0", "q4_0"},  {"tq1_0", "q4_0"}, {"tq2_0", "q4_0"},    {"iq4_xs", "iq4_nl"},
    {"iq3_s", "iq4_nl"}, {"iq3_xxs", "iq4_nl"}, {"iq2_s", "iq4_nl"}, {"iq2_xs", "iq4_nl"},
    {"iq2_xxs", "iq4_nl"}, {"iq1_m", "iq4_nl"}, {"iq1_s", "iq4_nl"},
};

// Parts of names of small or delicate matrices. llama.cpp would not load some of them quantized.
constexpr std::string_view never_quantized[] = {
    "_norm.weight", "ffn_gate_inp.weight", "ffn_gate_tid2eid.weight", "altup", "laurel",
    "per_layer_model_proj", "ssm_conv1d", "shortconv.conv.weight", "indexer.k_proj.weight",
    "indexer.q_proj.weight", "time_mix_first.weight", "time_mix_w0.weight", "time_mix_w1.weight",
    "time_mix_w2.weight", "time_mix_v0.weight", "time_mix_v1.weight", "time_mix_v2.weight",
    "time_mix_a0.weight", "time_mix_a1.weight", "time_mix_a2.weight", "time_mix_g1.weight",
    "time_mix_g2.weight", "time_mix_decay_w1.weight", "time_mix_decay_w2.weight",
    "time_mix_lerp_fused.weight", "attn_rel_b.weight", ".position_embd", "sam.pos_embd",
    "sam.neck.", "sam.net_", ".rel_pos", ".patch_embd", ".patch_merger", "a.rvq.codebook",
    "mm.a.code_embd", "position_embd.weight", "token_types.weight",
};
// clang-format on

enum class Role { Head, Embedding, Value, Key, Query, AttentionOutput, Down, GateOrUp, Other };

struct NamePart {
    std::string_view part;
    Role role;
};
constexpr NamePart name_parts[] = {
    {"attn_qkv.weight", Role::Value}, {"attn_kv_b.weight", Role::Value},
    {"attn_v.weight", Role::Value},   {"attn_k.weight", Role::Key},
    {"attn_q.weight", Role::Query},   {"attn_output.weight", Role::AttentionOutput},
    {"ffn_up", Role::GateOrUp},       {"ffn_gate", Role::GateOrUp},
    {"ffn_down", Role::Down},
};

Role role_of(std::string_view name) {
    if (name == "output.weight") return Role::Head;
    if (name == "token_embd.weight" || name == "per_layer_token_embd.weight")
        return Role::Embedding;
    for (const NamePart& each : name_parts)
        if (name.find(each.part) != name.npos) return each.role;
    return Role::Other;
}

std::optional<uint64_t> layer_of(std::string_view name) {
    if (!name.starts_with("blk.")) return std::nullopt;
    name.remove_prefix(4);
    return parse_integer<uint64_t>(name.substr(0, name.find('.')));
}

// A setting that may be a list: its first.
uint64_t first_of(const Metadata& metadata, const std::string& key) {
    if (auto one = metadata.uint_of(key)) return *one;
    auto list = metadata.array_of(key);
    if (!list || list->size() == 0) return 0;
    return (*list->begin()).as_uint().value_or(0);
}

bool is_70b(std::string_view architecture, uint64_t layers, bool shares_keys) {
    if (architecture == "llama") return layers == 80 && shares_keys;
    if (architecture == "jais2") return layers == 68;
    return layers == 80 &&
           (architecture == "qwen2" || architecture == "deci" || architecture == "olmo");
}

template <class... Mixes>
bool is_one_of(Mix mix, Mixes... mixes) {
    return ((mix == mixes) || ...);
}

}  // namespace

std::span<const Mixture> mixtures() {
    return table;
}

const Mixture* mixture_named(std::string_view name) {
    std::string wanted = lower(name);
    for (const Pair& alias : aliases)
        if (alias.from == wanted) wanted = alias.to;
    for (const Mixture& row : table)
        if (lower(row.name) == wanted) return &row;
    return nullptr;
}

MixtureModel MixtureModel::of(const Checkpoint& checkpoint, bool has_importance) {
    const Metadata& metadata = checkpoint.metadata();
    MixtureModel out;
    out.architecture = metadata.string_of("general.architecture").value_or("");
    auto setting = [&](std::string_view name) {
        return first_of(metadata, cat(out.architecture, ".", name));
    };
    out.layers = setting("block_count");
    out.experts = setting("expert_count");
    const uint64_t heads = setting("attention.head_count");
    const uint64_t keys = setting("attention.head_count_kv");
    out.queries_per_key = keys > 0 ? heads / keys : 1;
    out.shares_values_widely = is_70b(out.architecture, out.layers, keys > 0 && keys != heads);
    out.tied = checkpoint.find("output.weight") == nullptr;
    out.has_importance = has_importance;
    for (const Tensor& tensor : checkpoint.tensors())
        out.value_tensors += role_of(tensor.name) == Role::Value;
    return out;
}

bool tensor_before(std::string_view a, std::string_view b) {
    auto layer_a = layer_of(a), layer_b = layer_of(b);
    return layer_a != layer_b ? layer_a < layer_b : a < b;
}

bool is_quantizable(const Tensor& tensor) {
    if (tensor.shape.rank() < 2 || !tensor.dtype->decode) return false;
    if (tensor.values <= tensor.shape.row()) return false;  // a single row
    if (!tensor.name.ends_with("weight")) return false;
    return std::ranges::none_of(never_quantized, [&](std::string_view part) {
        return tensor.name.find(part) != tensor.name.npos;
    });
}

// The first and last eighth of the layers, and every third between.
bool MixtureChooser::is_fine_layer(uint64_t layer, uint64_t layers) const {
    return layer < layers / 8 || layer >= 7 * layers / 8 || (layer - layers / 8) % 3 == 2;
}

const DType& MixtureChooser::choose(const Tensor& tensor) {
    const Role role = role_of(tensor.name);
    const Mix mix = mixture_.mix;
    std::string_view chosen = mixture_.dtype;
    const DType& base = *dtype_named(mixture_.dtype);
    if (is_one_of(mix, Mix::F32, Mix::F16, Mix::BF16)) return base;
    if (role == Role::Head || (model_.tied && role == Role::Embedding))
        chosen = tensor.shape.row() % base.block_values != 0 ? "q8_0" : head();
    else if (mix == Mix::MXFP4_MOE)
        chosen = tensor.shape.rank() > 2 && tensor.shape[0] > 1 ? "mxfp4" : "q8_0";
    else if (role == Role::Embedding)
        chosen = embedding();
    else if (role == Role::Value)
        chosen = value();
    else if (role == Role::Key)
        chosen = key();
    else if (role == Role::Query)
        chosen = query();
    else if (role == Role::Down)
        chosen = down(tensor.name);
    else if (role == Role::GateOrUp)
        chosen = gate_or_up(tensor.name);
    else if (role == Role::AttentionOutput)
        chosen = attention_output();
    return *dtype_named(chosen);
}

// Where tensors are counted; of those with experts there may be several in a layer.
uint64_t MixtureChooser::count_layer(std::string_view name, uint64_t& seen) const {
    const uint64_t place = seen++;
    return model_.experts > 1 ? layer_of(name).value_or(place) : place;
}

bool MixtureChooser::of_two_bits() const {
    return is_one_of(mixture_.mix, Mix::IQ2_M, Mix::IQ2_S, Mix::IQ2_XS, Mix::IQ2_XXS, Mix::IQ1_M,
                     Mix::IQ1_S);
}

std::string_view MixtureChooser::head() const {
    if (model_.architecture == "falcon") return "q8_0";
    if (of_two_bits() || mixture_.mix == Mix::IQ3_XXS) return "q5_k";
    return is_one_of(mixture_.mix, Mix::Q8_0, Mix::MXFP4_MOE) ? "q8_0" : "q6_k";
}

std::string_view MixtureChooser::embedding() const {
    const Mix mix = mixture_.mix;
    if (is_one_of(mix, Mix::TQ1_0, Mix::TQ2_0, Mix::Q2_0)) return "q4_k";
    if (is_one_of(mix, Mix::IQ2_M, Mix::IQ2_S, Mix::IQ3_XXS)) return "iq3_s";
    return of_two_bits() ? "q2_k" : mixture_.dtype;
}

std::string_view MixtureChooser::value() {
    const uint64_t place = values_seen_++;
    const bool shared = model_.queries_per_key >= 4;
    std::string_view chosen = mixture_.dtype;
    if (of_two_bits()) {
        if (shared || model_.experts >= 4) return "q4_k";
        return is_one_of(mixture_.mix, Mix::IQ2_M, Mix::IQ2_S) ? "iq3_s" : "q2_k";
    }
    switch (mixture_.mix) {
        case Mix::IQ3_XXS:
            chosen = shared ? "q4_k" : model_.has_importance ? mixture_.dtype : "iq3_s";
            break;
        case Mix::IQ3_XS:
        case Mix::IQ3_S:
            if (shared) chosen = "q4_k";
            break;
        case Mix::IQ3_M:
            chosen = "q4_k";
            break;
        case Mix::Q2_K:
            chosen = shared ? "q4_k" : "q3_k";
            break;
        case Mix::Q2_K_S:
            if (shared) chosen = "q4_k";
            break;
        case Mix::Q3_K_M:
            chosen = place < 2 ? "q5_k" : "q4_k";
            break;
        case Mix::Q3_K_L:
            chosen = "q5_k";
            break;
        case Mix::IQ4_NL:
        case Mix::IQ4_XS:
            if (shared) chosen = "q5_k";
            break;
        case Mix::Q4_K_M:
        case Mix::Q5_K_M:
            if (is_fine_layer(place, model_.value_tensors)) chosen = "q6_k";
            break;
        case Mix::Q4_K_S:
            if (place < 4) chosen = "q5_k";
            break;
        default:
            break;
    }
    if (model_.shares_values_widely && (chosen == "q3_k" || chosen == "q4_k")) chosen = "q5_k";
    return model_.experts == 8 ? "q8_0" : chosen;
}

std::string_view MixtureChooser::key() const {
    if (model_.experts == 8) return of_two_bits() ? "q4_k" : "q8_0";
    return query();
}

std::string_view MixtureChooser::query() const {
    if (mixture_.mix == Mix::IQ3_XS) return "iq3_xxs";
    return mixture_.mix == Mix::IQ3_XXS ? "iq2_s" : mixture_.dtype;
}

std::string_view MixtureChooser::gate_or_up(std::string_view name) {
    const uint64_t layers = model_.layers;
    const bool gate = name.find("ffn_gate") != name.npos;
    const uint64_t layer = count_layer(name, gate ? gates_seen_ : ups_seen_);
    const bool middle = layer >= layers / 8 && layer < 7 * layers / 8;
    return mixture_.mix == Mix::IQ3_XS && middle ? "iq3_xxs" : mixture_.dtype;
}

std::string_view MixtureChooser::down(std::string_view name) {
    const uint64_t layers = model_.layers;
    const uint64_t place = downs_seen_, layer = count_layer(name, downs_seen_);
    const bool early = layer < layers / 8, fine = is_fine_layer(layer, layers);
    const bool falcon = model_.architecture == "falcon";
    if (of_two_bits()) {
        if (place >= layers / 8) return mixture_.dtype;
        return is_one_of(mixture_.mix, Mix::IQ2_M, Mix::IQ2_S) ? "iq3_s" : "q2_k";
    }
    switch (mixture_.mix) {
        case Mix::IQ3_XXS:
            if (model_.has_importance) return mixture_.dtype;
            return early ? "q4_k" : "q3_k";
        case Mix::IQ3_M:
            return early || (model_.experts == 8 && fine) ? "q4_k" : mixture_.dtype;
        case Mix::Q2_K:
            return "q3_k";
        case Mix::Q2_K_S:
            return early ? "q4_k" : mixture_.dtype;
        case Mix::Q3_K_M:
            if (layer < layers / 16) return "q5_k";
            return !falcon || fine ? "q4_k" : "q3_k";
        case Mix::Q3_K_L:
            return falcon ? "q4_k" : "q5_k";
        case Mix::Q4_K_M:
            if (falcon) return layer < layers / 16 ? "q6_k" : fine ? "q5_k" : "q4_k";
            return fine ? "q6_k" : mixture_.dtype;
        case Mix::IQ4_NL:
        case Mix::IQ4_XS:
            return early && !model_.has_importance ? "q5_k" : mixture_.dtype;
        case Mix::Q5_K_M:
            return fine ? "q6_k" : mixture_.dtype;
        case Mix::Q4_K_S:
            return early && !falcon ? "q5_k" : mixture_.dtype;
        // With an importance matrix the first layers can go astray without an offset.
        case Mix::Q4_0:
            return early && model_.has_importance ? "q4_1" : mixture_.dtype;
        case Mix::Q5_0:
            return early && model_.has_importance ? "q5_1" : mixture_.dtype;
        default:
            return mixture_.dtype;
    }
}

std::string_view MixtureChooser::attention_output() const {
    const Mix mix = mixture_.mix;
    if (of_two_bits()) {
        if (model_.experts == 8) return "q5_k";
        if (is_one_of(mix, Mix::IQ1_S, Mix::IQ1_M)) return "iq2_xxs";
        return is_one_of(mix, Mix::IQ2_M, Mix::IQ2_S) ? "iq3_s" : mixture_.dtype;
    }
    if (model_.architecture == "falcon") return mix == Mix::Q3_K_L ? "q4_k" : mixture_.dtype;
    if (model_.experts == 8) {
        const bool finer =
            is_one_of(mix, Mix::Q2_K, Mix::Q3_K_S, Mix::Q3_K_M, Mix::IQ4_NL, Mix::IQ4_XS,
                      Mix::Q4_K_S, Mix::Q4_K_M, Mix::IQ3_M, Mix::IQ3_S, Mix::IQ3_XS, Mix::IQ3_XXS);
        return finer ? "q5_k" : mixture_.dtype;
    }
    if (mix == Mix::Q2_K) return "q3_k";
    if (mix == Mix::IQ3_XXS) return "iq3_s";
    if (mix == Mix::Q3_K_M || mix == Mix::IQ3_M) return "q4_k";
    if (mix == Mix::Q3_K_L) return "q5_k";
    return mixture_.dtype;
}

const DType& fitting_dtype(const DType& wanted, uint64_t columns) {
    if (columns % wanted.block_values == 0) return wanted;
    const DType* other = &wanted;
    for (const Pair& row : fallbacks)
        if (row.from == wanted.name) other = dtype_named(row.to);
    return columns % other->block_values == 0 ? *other : *dtype_named("f16");
}

}  // namespace linnet
