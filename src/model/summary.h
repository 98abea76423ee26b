// What a model file says about itself, and what running it will take, without loading it: only
// metadata and shapes are looked at. Works for GGUF and for Hugging Face folders, and for files
// that hold no whole model (an adapter): what they do not say stays empty.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "formats/checkpoint.h"

namespace linnet {

// Of all tensors in one number format.
struct TypeShare {
    std::string_view type;
    uint64_t tensors = 0, values = 0, bytes = 0;
    double bits_per_weight() const { return 8.0 * static_cast<double>(bytes) / double(values); }
};

// What one layer keeps of a sequence: of every past token, and besides.
struct KvLayer {
    uint64_t heads = 0;  // 0 where it keeps none
    uint64_t key_dim = 0, value_dim = 0;
    uint64_t window = 0;        // tokens that it looks back at most; 0 for all
    uint64_t state_values = 0;  // of a recurrent layer, however long the sequence is
};

struct TokenizerSummary {
    std::string kind;  // "byte-level BPE"
    std::string pre;   // GGUF's name for how text is cut before: "smollm"
    std::optional<uint64_t> vocabulary;
};

struct ModelSummary {
    Format format = Format::Gguf;
    uint32_t version = 0;  // of GGUF
    // As the file gives them, cut at 200 bytes, made printable.
    std::string architecture, name, license;
    uint64_t files = 0, file_bytes = 0, tensors = 0;
    uint64_t parameters = 0, weight_bytes = 0;
    std::vector<TypeShare> types;  // the one with most bytes first
    std::optional<uint64_t> context, embedding, feed_forward, layers, heads, kv_heads, experts;
    std::vector<KvLayer> kv_layers;  // empty where the file does not say
    TokenizerSummary tokenizer;
    // Where the file has a chat template: its length, and its text unless that is longer than
    // template_bytes_max.
    std::optional<uint64_t> template_bytes;
    std::string chat_template;

    static constexpr uint64_t template_bytes_max = 1'000'000;
    double bits_per_weight() const {
        return 8.0 * static_cast<double>(weight_bytes) / static_cast<double>(parameters);
    }
};

// BadInput where a setting has the wrong type or a size that cannot be.
Result<ModelSummary> summarize(const Checkpoint& model);

struct MemoryNeed {
    uint64_t context = 0;   // tokens
    uint64_t weights = 0;   // bytes, as all that follow
    uint64_t kv_cache = 0;  // in float16
    uint64_t state = 0;     // of recurrent layers, in float32, with copies to go on from
    uint64_t working = 0;   // an estimate: buffers of a batch, logits, tokenizer, the program
    uint64_t total = 0;
};
// To run one conversation of that many tokens. Nothing where the file does not say enough.
std::optional<MemoryNeed> memory_needed(const ModelSummary& model, uint64_t context);
// The longest context, at most the model's own, that needs no more than `available` bytes; 0 where
// none does.
uint64_t context_that_fits(const ModelSummary& model, uint64_t available);

Json to_json(const ModelSummary& model);
Json to_json(const MemoryNeed& need);

}  // namespace linnet
