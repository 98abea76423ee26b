#include "model/synthetic.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "base/text.h"
#include "formats/writer.h"
#include "model/random_blocks.h"

namespace linnet {
namespace {

// What llama.cpp's converter takes where rows are no whole number of blocks of 256.
struct Fallback {
    std::string_view dtype, other;
};
constexpr Fallback fallbacks[] = {
    {"q2_k", "q4_0"},  {"q3_k", "q4_0"},  {"q4_k", "q5_0"},    {"q5_k", "q5_1"},
    {"q6_k", "q8_0"},  {"iq1_s", "q4_0"}, {"iq2_xxs", "q4_0"}, {"iq2_xs", "q4_0"},
    {"iq2_s", "q4_0"}, {"iq3_s", "q4_0"}, {"iq3_xxs", "q4_0"}, {"iq4_xs", "iq4_nl"},
    {"tq1_0", "q4_0"}, {"tq2_0", "q4_0"}, {"nvfp4", "q4_0"},   {"q2_0", "q4_0"},
    {"q1_0", "q4_0"},  {"q8_k", "q8_0"},
};

std::vector<TensorPlan> plan_tensors(const SyntheticModel& model) {
    const SyntheticShape& s = *model.shape;
    const DType* plain = dtype_named("f32");
    std::vector<TensorPlan> plan;
    auto matrix = [&](std::string name, uint64_t rows, uint64_t columns) {
        plan.push_back(
            {cat(name, ".weight"), synthetic_dtype(*model.dtype, columns), {rows, columns}});
    };
    auto vector = [&](std::string name, uint64_t size) {
        plan.push_back({cat(name, ".weight"), plain, {size}});
    };
    const uint64_t q = uint64_t{s.heads} * s.head_dim, kv = uint64_t{s.kv_heads} * s.head_dim;
    const bool gemma = s.architecture == "gemma3";
    matrix("token_embd", s.vocabulary, s.dim);
    vector("output_norm", s.dim);
    if (!s.tied) matrix("output", s.vocabulary, s.dim);
    for (uint32_t layer = 0; layer < s.layers; layer++) {
        const std::string blk = cat("blk.", layer, ".");
        vector(blk + "attn_norm", s.dim);
        matrix(blk + "attn_q", q, s.dim);
        matrix(blk + "attn_k", kv, s.dim);
        matrix(blk + "attn_v", kv, s.dim);
        matrix(blk + "attn_output", s.dim, q);
        if (s.architecture != "llama") {
            vector(blk + "attn_q_norm", s.head_dim);
            vector(blk + "attn_k_norm", s.head_dim);
        }
        if (gemma) vector(blk + "post_attention_norm", s.dim);
        vector(blk + "ffn_norm", s.dim);
        matrix(blk + "ffn_gate", s.hidden, s.dim);
        matrix(blk + "ffn_up", s.hidden, s.dim);
        matrix(blk + "ffn_down", s.dim, s.hidden);
        if (gemma) vector(blk + "post_ffw_norm", s.dim);
    }
    return plan;
}

// Byte b as the character that byte-level vocabularies spell it with (Radford et al. 2019): itself
// where it shows on paper, else the next one from U+0100 on.
std::vector<std::string> byte_tokens() {
    std::vector<std::string> out;
    unsigned next = 0x100;
    for (unsigned byte = 0; byte < 256; byte++) {
        bool shows = (byte > 0x20 && byte < 0x7F) || (byte > 0xA0 && byte != 0xAD);
        unsigned code = shows ? byte : next++;
        std::string text(1, static_cast<char>(code));
        if (code >= 0x80)
            text = {static_cast<char>(0xC0 | code >> 6), static_cast<char>(0x80 | (code & 63))};
        out.push_back(text);
    }
    return out;
}

void describe_tokens(const SyntheticShape& shape, MetadataBuilder& metadata) {
    constexpr int32_t normal = 1, control = 3;
    std::vector<std::string> tokens = byte_tokens();
    std::vector<int32_t> types(tokens.size(), normal);
    for (const char* name : {"<|begin|>", "<|end|>"}) {
        tokens.push_back(name);
        types.push_back(control);
    }
    tokens.push_back("th");
    while (tokens.size() < shape.vocabulary) tokens.push_back(cat("token", tokens.size()));
    types.resize(tokens.size(), normal);
    const std::string merges[] = {"t h"};
    metadata.set("tokenizer.ggml.model", "gpt2").set("tokenizer.ggml.pre", "gpt-2");
    metadata.set_array("tokenizer.ggml.tokens", std::span<const std::string>(tokens));
    metadata.set_array("tokenizer.ggml.token_type", std::span<const int32_t>(types));
    metadata.set_array("tokenizer.ggml.merges", std::span<const std::string>(merges));
    metadata.set("tokenizer.ggml.bos_token_id", 256u).set("tokenizer.ggml.eos_token_id", 257u);
    metadata.set("tokenizer.ggml.add_bos_token", false);
}

MetadataBuilder describe(const SyntheticModel& model) {
    const SyntheticShape& s = *model.shape;
    MetadataBuilder metadata;
    metadata.set("general.architecture", s.architecture)
        .set("general.name", cat("random weights, shape of ", s.of))
        .set("general.quantization_version", 2u);
    auto set = [&](std::string_view key, auto value) {
        metadata.set(cat(s.architecture, ".", key), value);
    };
    set("context_length", s.context);
    set("embedding_length", s.dim);
    set("block_count", s.layers);
    set("feed_forward_length", s.hidden);
    set("vocab_size", s.vocabulary);
    set("attention.head_count", s.heads);
    set("attention.head_count_kv", s.kv_heads);
    set("attention.key_length", s.head_dim);
    set("attention.value_length", s.head_dim);
    set("attention.layer_norm_rms_epsilon", s.epsilon);
    if (s.window > 0) set("attention.sliding_window", s.window);
    set("rope.freq_base", s.rope_base);
    set("rope.dimension_count", s.head_dim);
    describe_tokens(s, metadata);
    return metadata;
}

// Weights that keep the size of what passes through them: of deviation 1 / sqrt(columns), so that
// states and logits stay finite at any depth.
class Weights {
  public:
    explicit Weights(uint64_t seed) : rng_(seed) {}

    Result<> write(const TensorPlan& tensor, CheckpointWriter& writer, const Cancel& cancel) {
        if (tensor.shape.rank() == 1) return write_norm(tensor, writer);
        const RandomBlocks& blocks = stock_for(*tensor.dtype, tensor.shape[1]);
        constexpr size_t chunk_bytes = 1 << 20;
        std::vector<std::byte> chunk;
        for (uint64_t left = *tensor.shape.values() / blocks.piece_values(); left > 0;) {
            TRY(cancel.check());
            uint64_t count = std::min<uint64_t>(left, chunk_bytes / blocks.piece_bytes() + 1);
            chunk.clear();
            for (uint64_t i = 0; i < count; i++) {
                Bytes piece = blocks.draw(rng_);
                chunk.insert(chunk.end(), piece.begin(), piece.end());
            }
            TRY(writer.append(chunk));
            left -= count;
        }
        return Done{};
    }

  private:
    Result<> write_norm(const TensorPlan& tensor, CheckpointWriter& writer) {
        std::vector<float> values(*tensor.shape.values());
        for (float& value : values) value = static_cast<float>(1 + 0.1 * rng_.normal());
        return writer.append(std::as_bytes(std::span(values)));
    }

    const RandomBlocks& stock_for(const DType& dtype, uint64_t columns) {
        auto key = std::pair(&dtype, columns);
        auto found = stocks_.find(key);
        if (found == stocks_.end())
            found =
                stocks_.try_emplace(key, dtype, 1 / std::sqrt(static_cast<double>(columns)), rng_)
                    .first;
        return found->second;
    }

    Rng rng_;
    std::map<std::pair<const DType*, uint64_t>, RandomBlocks> stocks_;  // a few lengths of rows
};

}  // namespace

const DType* synthetic_dtype(const DType& dtype, uint64_t columns) {
    if (columns % dtype.block_values == 0) return &dtype;
    auto row = std::ranges::find(fallbacks, dtype.name, &Fallback::dtype);
    return dtype_named(row == std::end(fallbacks) ? "f16" : row->other);
}

Result<SyntheticModel> parse_synthetic(std::string_view text) {
    size_t colon = text.find(':');
    std::string_view name = text.substr(0, colon);
    std::string type = colon == text.npos ? "" : lower(text.substr(colon + 1));
    SyntheticModel model;
    std::vector<std::string> names;
    for (const SyntheticShape& shape : synthetic_shapes()) {
        if (shape.name == name) model.shape = &shape;
        names.emplace_back(shape.name);
    }
    if (!model.shape)
        return Error{Code::Usage, cat("there is no shape '", printable(name), "'"),
                     cat("use one of ", join(names, ", "), ", as in llama-1b:q4_k")};
    const DType* dtype = dtype_named(type);
    if (!dtype || !can_make_random(*dtype)) {
        names.clear();
        for (const DType& each : dtypes())
            if (can_make_random(each)) names.emplace_back(each.name);
        return Error{Code::Usage,
                     type.empty()
                         ? cat("the type of the weights is missing behind '", printable(text), "'")
                         : cat("random weights of type '", printable(type), "' cannot be made"),
                     cat("write ", name, ":TYPE with one of ", join(names, ", "))};
    }
    model.dtype = dtype;
    return model;
}

Result<> write_synthetic(const Path& path, const SyntheticModel& model, uint64_t seed,
                         Progress& progress, const Cancel& cancel) {
    check(model.shape && model.dtype, "a model of a known shape and type");
    std::vector<TensorPlan> plan = plan_tensors(model);
    auto bytes = [](const TensorPlan& tensor) {
        return *tensor.dtype->bytes_of(*tensor.shape.values());
    };
    uint64_t total = 0, done = 0;
    for (const TensorPlan& tensor : plan) total += bytes(tensor);
    auto writer = TRY(CheckpointWriter::create(path, describe(model), plan));
    progress.begin(cat("writing ", model.shape->name, ":", model.dtype->name), total, 0);
    Weights weights(seed);
    for (const TensorPlan& tensor : plan) {
        TRY(weights.write(tensor, writer, cancel));
        progress.at(done += bytes(tensor));
    }
    progress.end();
    TRY(writer.finish());
    return Done{};
}

}  // namespace linnet
