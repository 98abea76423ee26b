// What decoder-only families share: reading sizes, norms, projections and the frame around the
// layers. A family's own file takes these parts, changes what is special, and adds them in order.
#pragma once

#include <memory>
#include <string_view>

#include "model/blocks/attention.h"
#include "model/blocks/experts.h"
#include "model/blocks/mlp.h"
#include "model/families/rotation.h"
#include "model/model.h"

namespace linnet {

enum class QueryKeyNorm { None, Head, AllHeads };
enum class Keys { Own, Shared };  // with another layer, which has them

struct DecoderStyle {
    RopePairs gguf_pairs = RopePairs::Halves;     // how GGUF files of this family order rotary rows
    bool layer_norm = false;                      // mean, variance and bias instead of RMS
    bool norm_before = true, norm_after = false;  // of each block
    QueryKeyNorm query_key_norm = QueryKeyNorm::None;
    Activation activation = Activation::Silu;  // where the file does not say
    bool gated = true;                         // act(gate(x)) * up(x), or act(up(x))
    float folder_norm_offset = 0;              // what norm weights of a folder lack
    bool attention = true;                     // false: no layer has heads, nor a feed-forward
    bool hidden_by_tensor = false;             // the hidden size is that of the first layer
    std::string_view output_norm = "output_norm";
    bool encoder = false;            // no norm behind the layers, no head, not causal
    bool folder_transposed = false;  // projections of a folder are (columns, rows)
    uint32_t usual_hidden = 0;  // times the width, where the file does not give the hidden size
};

struct DecoderSizes {
    uint32_t dim = 0, layers = 0, hidden = 0, heads = 0, kv_heads = 0, head_dim = 0;
    uint32_t experts = 0, experts_used = 0, expert_hidden = 0;  // 0 where there are none
    uint32_t vocabulary = 0, context = 0;
    float epsilon = 0;

    size_t q_dim() const { return size_t{heads} * head_dim; }
    size_t kv_dim() const { return size_t{kv_heads} * head_dim; }
};

class Decoder {
  public:
    // BadInput where the settings do not fit together.
    static Result<Decoder> read(const Source& source, const DecoderStyle& style);

    const Source& source() const { return source_; }
    const DecoderSizes& sizes() const { return sizes_; }

    // A rotation that layers may use; the model turns its angles once per step.
    using Rotation = std::pair<std::shared_ptr<const Rope>, size_t>;
    Result<Rotation> rotation();
    // That of layers with a sliding window, where it is another.
    Result<Rotation> sliding_rotation(float usual_base);

    // The parts of layer `layer`, from tensors "blk.N.…" with or without bias, fused or not.
    // Attention has no rotation yet.
    Result<Attention::Parts> attention(uint32_t layer, Keys keys = Keys::Own) const;
    struct MlpNames {
        std::string_view suffix{};  // "blk.N.ffn_up" and this
        uint32_t hidden = 0;        // where it is another than that of the model
    };
    Result<Mlp::Parts> mlp(uint32_t layer, MlpNames names) const;
    Result<Mlp::Parts> mlp(uint32_t layer) const { return mlp(layer, MlpNames{}); }
    bool has_attention(uint32_t layer) const;  // in models where not all layers do
    // From "blk.N.ffn_gate_inp" and the experts' tensors: all in one, or one for each.
    bool has_experts(uint32_t layer) const;
    Result<Experts::Parts> experts(uint32_t layer) const;
    Result<Norm> norm(std::string_view name, size_t size) const;  // "blk.0.attn_norm"
    // How many tokens a token of this layer sees, itself included; 0 for all. Where the file does
    // not say it layer by layer, every `full_every`-th layer sees all.
    Result<uint32_t> window(uint32_t layer, uint32_t full_every) const;
    Result<Linear> linear(std::string_view name, size_t rows, size_t columns,
                          Source::Within within) const;
    Result<Linear> linear(std::string_view name, size_t rows, size_t columns) const {
        return linear(name, rows, columns, Source::Within{});
    }
    // The same for a matrix that adapters cannot change.
    Result<Linear> fixed_linear(std::string_view name, size_t rows, size_t columns,
                                Source::Within within) const;

    void add(Attention::Parts attention);
    void add(Mlp::Parts mlp);
    void add(Experts::Parts experts);
    void add(std::unique_ptr<Block> block) { model.blocks.push_back(std::move(block)); }

    // Everything that is not a layer is in here from the start: embedding, output norm and head.
    ModelParts model;

  private:
    Decoder(const Source& source, const DecoderStyle& style) : source_(source), style_(style) {}
    Result<> read_sizes();
    Result<> read_head_sizes();
    Result<uint32_t> hidden_size() const;
    Result<> read_expert_sizes();
    Result<> read_frame();
    Result<Rotation> add_rotation(bool sliding, float sliding_base);
    Result<Activation> activation() const;
    Result<Experts::Expert> expert(uint32_t layer, uint32_t index) const;

    const Source& source_;
    DecoderStyle style_;
    DecoderSizes sizes_;
    Activation activation_ = Activation::Silu;
};

// A whole model of layers that are all alike.
Result<ModelParts> build_decoder(const Source& source, const DecoderStyle& style);

}  // namespace linnet
