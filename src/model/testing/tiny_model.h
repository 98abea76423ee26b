// A model small enough to make in a test: llama's architecture, seeded random weights, a tokenizer
// of single bytes and a ChatML template. It talks nonsense, always the same.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/rng.h"
#include "formats/writer.h"

namespace linnet::testing {

struct TinyModel {
    uint32_t dim = 64, layers = 2, heads = 4, kv_heads = 2, hidden = 96, context = 512;
    std::string dtype = "q8_0";  // of the matrices
    uint64_t seed = 1;
    std::string first_control = "<|im_start|>";
    std::vector<std::string> more_control{};  // control tokens behind the others
};

inline constexpr int32_t tiny_end = 257;  // <|im_end|>

// Byte b as the character that GPT-2's vocabularies spell it with.
inline std::string byte_character(int byte) {
    auto printable_byte = [](int b) { return (b > 32 && b < 127) || (b > 160 && b != 173); };
    int code = byte;
    if (!printable_byte(byte)) {
        code = 256;
        for (int b = 0; b < byte; b++) code += !printable_byte(b);
    }
    if (code < 0x80) return std::string(1, static_cast<char>(code));
    return {static_cast<char>(0xC0 | code >> 6), static_cast<char>(0x80 | (code & 63))};
}

inline MetadataBuilder tiny_metadata(const TinyModel& tiny) {
    MetadataBuilder metadata;
    metadata.set("general.architecture", "llama").set("general.name", "tiny");
    metadata.set("llama.block_count", tiny.layers).set("llama.embedding_length", tiny.dim);
    metadata.set("llama.feed_forward_length", tiny.hidden)
        .set("llama.context_length", tiny.context);
    metadata.set("llama.attention.head_count", tiny.heads);
    metadata.set("llama.attention.head_count_kv", tiny.kv_heads);
    metadata.set("llama.attention.layer_norm_rms_epsilon", 1e-5f);
    std::vector<std::string> tokens;
    for (int byte = 0; byte < 256; byte++) tokens.push_back(byte_character(byte));
    std::vector<int32_t> types(256, 1);
    for (const std::string& control : {tiny.first_control, std::string("<|im_end|>")}) {
        tokens.push_back(control);
        types.push_back(3);
    }
    std::vector<std::string> merges = {"t h"};
    tokens.push_back("th");
    types.push_back(1);
    for (const std::string& control : tiny.more_control) {
        tokens.push_back(control);
        types.push_back(3);
    }
    metadata.set("tokenizer.ggml.model", "gpt2").set("tokenizer.ggml.pre", "gpt-2");
    metadata.set_array("tokenizer.ggml.tokens", std::span<const std::string>(tokens));
    metadata.set_array("tokenizer.ggml.token_type", std::span<const int32_t>(types));
    metadata.set_array("tokenizer.ggml.merges", std::span<const std::string>(merges));
    metadata.set("tokenizer.ggml.eos_token_id", static_cast<uint32_t>(tiny_end));
    metadata.set("tokenizer.ggml.bos_token_id", 256u);
    metadata.set("tokenizer.ggml.add_bos_token", false);
    metadata.set(
        "tokenizer.chat_template",
        "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
        "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}");
    return metadata;
}

// Writes the model to `path`.
inline void write_tiny_model(const Path& path, const TinyModel& tiny = {}) {
    const uint64_t vocabulary = 259 + tiny.more_control.size();
    uint64_t kv_dim = uint64_t{tiny.dim} / tiny.heads * tiny.kv_heads;
    const DType* matrix = dtype_named(tiny.dtype);
    const DType* plain = dtype_named("f32");
    std::vector<TensorPlan> plan = {{"token_embd.weight", matrix, {vocabulary, tiny.dim}},
                                    {"output_norm.weight", plain, {tiny.dim}}};
    for (uint32_t i = 0; i < tiny.layers; i++) {
        auto add = [&](std::string_view name, const DType* dtype, Shape shape) {
            plan.push_back({cat("blk.", i, ".", name, ".weight"), dtype, shape});
        };
        add("attn_norm", plain, {tiny.dim});
        add("attn_q", matrix, {tiny.dim, tiny.dim});
        add("attn_k", matrix, {kv_dim, tiny.dim});
        add("attn_v", matrix, {kv_dim, tiny.dim});
        add("attn_output", matrix, {tiny.dim, tiny.dim});
        add("ffn_norm", plain, {tiny.dim});
        add("ffn_gate", matrix, {tiny.hidden, tiny.dim});
        add("ffn_up", matrix, {tiny.hidden, tiny.dim});
        add("ffn_down", matrix, {tiny.dim, tiny.hidden});
    }
    auto writer = CheckpointWriter::create(path, tiny_metadata(tiny), plan);
    ASSERT_TRUE(writer) << writer.error().what;
    Rng rng(tiny.seed);
    for (const TensorPlan& tensor : plan) {
        bool is_norm = tensor.shape.rank() == 1;
        std::vector<float> values(*tensor.shape.values());
        for (float& value : values)
            value = static_cast<float>(is_norm ? 1 + 0.1 * rng.normal() : 0.25 * rng.normal());
        std::vector<std::byte> bytes(*tensor.dtype->bytes_of(values.size()));
        tensor.dtype->encode(values.data(), bytes.data(), values.size());
        ASSERT_TRUE(writer->append(bytes));
    }
    auto written = writer->finish();
    ASSERT_TRUE(written) << written.error().what;
}

}  // namespace linnet::testing
