#include "model/summary.h"

#include <algorithm>

#include "model/summary_settings.h"

namespace linnet {
namespace {

constexpr uint64_t width_max = uint64_t{1} << 24;
constexpr uint64_t context_max = uint64_t{1} << 40;

void count_weights(const Checkpoint& model, ModelSummary& out) {
    for (const Tensor& tensor : model.tensors()) {
        auto row = std::ranges::find(out.types, tensor.dtype->name, &TypeShare::type);
        if (row == out.types.end()) row = out.types.insert(row, {tensor.dtype->name, 0, 0, 0});
        row->tensors++;
        row->values += tensor.values;
        row->bytes += tensor.data.size();
        out.parameters += tensor.values;
        out.weight_bytes += tensor.data.size();
    }
    std::ranges::sort(out.types, std::greater{}, &TypeShare::bytes);
}

// Every layer has at least one tensor, so a file can not have more layers than tensors.
Result<> check_layers(const ModelSummary& out) {
    if (out.layers.value_or(0) > out.tensors)
        return Error{Code::BadInput,
                     cat("the model says to have ", *out.layers, " layers, but the file has only ",
                         out.tensors, " tensors"),
                     "the file is damaged or was made wrongly: get it again, or elsewhere"};
    return Done{};
}

Result<> read_sizes(const SummarySettings& settings, ModelSummary& out) {
    out.context = TRY(settings.greatest(
        "context_length", {"max_position_embeddings", "n_positions", "n_ctx", "max_seq_len"},
        context_max));
    out.embedding = TRY(settings.greatest("embedding_length",
                                          {"hidden_size", "n_embd", "d_model", "dim"}, width_max));
    out.feed_forward = TRY(settings.greatest(
        "feed_forward_length", {"intermediate_size", "n_inner", "ffn_dim"}, width_max));
    out.layers = TRY(settings.greatest(
        "block_count", {"num_hidden_layers", "n_layer", "num_layers", "n_layers"}, layers_max));
    out.heads = TRY(settings.greatest("attention.head_count",
                                      {"num_attention_heads", "n_head", "num_heads"}, width_max));
    out.kv_heads =
        TRY(settings.greatest("attention.head_count_kv",
                              {"num_key_value_heads", "n_head_kv", "num_kv_heads"}, width_max));
    out.experts = TRY(settings.greatest(
        "expert_count", {"num_local_experts", "num_experts", "n_routed_experts"}, width_max));
    if (!out.kv_heads) out.kv_heads = out.heads;
    return check_layers(out);
}

std::string name_of(const Checkpoint& model) {
    if (auto name = model.metadata().string_of("general.name")) return short_text(*name);
    if (model.format() == Format::Gguf) return short_text(model.path().stem().string());
    std::error_code ignored;
    Path folder = std::filesystem::absolute(model.folder(), ignored).lexically_normal();
    if (folder.filename().empty()) folder = folder.parent_path();
    // A Hugging Face store has "models--ORGANISATION--NAME/snapshots/COMMIT".
    Path snapshots = folder.parent_path();
    std::string stored = snapshots.parent_path().filename().string();
    if (snapshots.filename() == "snapshots" && stored.starts_with("models--"))
        return short_text(replace_all(stored.substr(8), "--", "/"));
    return short_text(folder.filename().string());
}

}  // namespace

Result<ModelSummary> summarize(const Checkpoint& model) {
    ModelSummary out;
    out.format = model.format();
    out.version = model.version();
    out.files = model.files().size();
    out.file_bytes = model.file_bytes();
    out.tensors = model.tensors().size();
    out.name = name_of(model);
    count_weights(model, out);
    auto read = [&]() -> Result<> {
        SummarySettings settings = TRY(SummarySettings::open(model));
        out.architecture = short_text(settings.architecture());
        TRY(read_sizes(settings, out));
        if (out.layers) {
            out.kv_layers = TRY(summarize_kv(settings, *out.layers, out.embedding.value_or(0)));
            TRY(summarize_state(settings, out.embedding.value_or(0), out.kv_layers));
        }
        TRY(summarize_text(model, out));
        if (!out.tokenizer.vocabulary)
            out.tokenizer.vocabulary =
                TRY(settings.greatest("vocab_size", {"vocab_size"}, width_max));
        return Done{};
    }();
    if (!read) return std::move(read).error().within(cat(model.path()));
    return out;
}

std::optional<MemoryNeed> memory_needed(const ModelSummary& model, uint64_t context) {
    if (!model.layers || !model.embedding || model.kv_layers.empty()) return std::nullopt;
    constexpr uint64_t half = 2, single = 4;       // bytes of a float
    constexpr uint64_t batch = 256, outputs = 64;  // tokens that are run, and predicted, at once
    constexpr uint64_t per_token = 200;            // bytes that a tokenizer keeps of each token
    constexpr uint64_t program = 12'000'000;
    context = std::min(context, context_max);

    MemoryNeed out;
    out.context = context;
    out.weights = model.weight_bytes;
    // Heads and dims are at most 2^16 and layers 10,000, so only their product with the context can
    // overflow.
    uint64_t widest = 0;
    unsigned __int128 cache = 0, state = 0;
    for (const KvLayer& layer : model.kv_layers) {
        uint64_t width = layer.heads * (layer.key_dim + layer.value_dim);
        uint64_t kept = layer.window > 0 ? std::min(context, layer.window) : context;
        cache += static_cast<unsigned __int128>(width) * kept * half;
        widest = std::max(widest, width);
        state += static_cast<unsigned __int128>(layer.state_values) * single;
    }
    constexpr uint64_t most = uint64_t{1} << 62;
    // The sequence's, a copy at its last full page, and the two at least that are kept.
    constexpr uint64_t states = 4;
    if (cache > most || state > most / states) return std::nullopt;
    out.kv_cache = static_cast<uint64_t>(cache);
    out.state = states * static_cast<uint64_t>(state);
    uint64_t hidden = model.feed_forward.value_or(4 * *model.embedding);
    uint64_t vocabulary = std::min<uint64_t>(model.tokenizer.vocabulary.value_or(0), UINT32_MAX);
    uint64_t attention = 3 * *model.embedding + widest;
    uint64_t floats =
        batch * (2 * *model.embedding + std::max(attention, 3 * hidden)) + outputs * vocabulary;
    out.working = single * floats + per_token * vocabulary + program;
    out.total = out.weights + out.kv_cache + out.state + out.working;
    return out;
}

uint64_t context_that_fits(const ModelSummary& model, uint64_t available) {
    uint64_t fits = 0, too_long = model.context.value_or(context_max) + 1;
    while (fits + 1 < too_long) {
        uint64_t middle = fits + (too_long - fits) / 2;
        auto need = memory_needed(model, middle);
        (need && need->total <= available ? fits : too_long) = middle;
    }
    return fits;
}

}  // namespace linnet
