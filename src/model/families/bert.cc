// Encoders, which look at a whole text at once and answer with a vector for each of its tokens:
// BERT (Devlin et al. 2019), with norms behind the sums and a score for a pair of texts where the
// file has a classifier; RoBERTa, the same but for its positions (Liu et al. 2019); and Nomic's,
// which turns positions and gates its feed-forward (Nussbaum et al. 2024).
#include "model/blocks/stream_norm.h"
#include "model/families/decoder.h"
#include "model/families/family.h"

namespace linnet {
namespace {

constexpr NamePair bert_names[] = {
    {"attention.layer_norm_epsilon", "layer_norm_eps"},
    {"padding", "pad_token_id"},
    {"token_embd.weight", "embeddings.word_embeddings.weight"},
    {"position_embd.weight", "embeddings.position_embeddings.weight"},
    {"token_types.weight", "embeddings.token_type_embeddings.weight"},
    {"token_embd_norm.weight", "embeddings.LayerNorm.weight"},
    {"token_embd_norm.bias", "embeddings.LayerNorm.bias"},
    {"blk.#.attn_q.weight", "encoder.layer.#.attention.self.query.weight"},
    {"blk.#.attn_q.bias", "encoder.layer.#.attention.self.query.bias"},
    {"blk.#.attn_k.weight", "encoder.layer.#.attention.self.key.weight"},
    {"blk.#.attn_k.bias", "encoder.layer.#.attention.self.key.bias"},
    {"blk.#.attn_v.weight", "encoder.layer.#.attention.self.value.weight"},
    {"blk.#.attn_v.bias", "encoder.layer.#.attention.self.value.bias"},
    {"blk.#.attn_output.weight", "encoder.layer.#.attention.output.dense.weight"},
    {"blk.#.attn_output.bias", "encoder.layer.#.attention.output.dense.bias"},
    {"blk.#.attn_output_norm.weight", "encoder.layer.#.attention.output.LayerNorm.weight"},
    {"blk.#.attn_output_norm.bias", "encoder.layer.#.attention.output.LayerNorm.bias"},
    {"blk.#.ffn_up.weight", "encoder.layer.#.intermediate.dense.weight"},
    {"blk.#.ffn_up.bias", "encoder.layer.#.intermediate.dense.bias"},
    {"blk.#.ffn_down.weight", "encoder.layer.#.output.dense.weight"},
    {"blk.#.ffn_down.bias", "encoder.layer.#.output.dense.bias"},
    {"blk.#.layer_output_norm.weight", "encoder.layer.#.output.LayerNorm.weight"},
    {"blk.#.layer_output_norm.bias", "encoder.layer.#.output.LayerNorm.bias"},
    {"cls.weight", "pooler.dense.weight"},
    {"cls.bias", "pooler.dense.bias"},
    {"cls.weight", "classifier.dense.weight"},
    {"cls.bias", "classifier.dense.bias"},
    {"cls.output.weight", "classifier.weight"},
    {"cls.output.bias", "classifier.bias"},
    {"cls.output.weight", "classifier.out_proj.weight"},
    {"cls.output.bias", "classifier.out_proj.bias"},
};

// Folders of older and newer programs name the settings differently.
constexpr NamePair nomic_names[] = {
    {"block_count", "n_layer"},
    {"block_count", "num_hidden_layers"},
    {"embedding_length", "n_embd"},
    {"embedding_length", "hidden_size"},
    {"feed_forward_length", "n_inner"},
    {"feed_forward_length", "intermediate_size"},
    {"attention.head_count", "n_head"},
    {"attention.head_count", "num_attention_heads"},
    {"context_length", "n_positions"},
    {"context_length", "max_position_embeddings"},
    {"attention.layer_norm_epsilon", "layer_norm_epsilon"},
    {"attention.layer_norm_epsilon", "layer_norm_eps"},
    {"rope.freq_base", "rotary_emb_base"},
    {"rope.freq_base", "rope_parameters.rope_theta"},
    {"activation", "hidden_act"},
    {"activation", "activation_function"},
    {"token_embd.weight", "embeddings.word_embeddings.weight"},
    {"token_types.weight", "embeddings.token_type_embeddings.weight"},
    {"token_embd_norm.weight", "emb_ln.weight"},
    {"token_embd_norm.bias", "emb_ln.bias"},
    {"blk.#.attn_qkv.weight", "encoder.layers.#.attn.Wqkv.weight"},
    {"blk.#.attn_output.weight", "encoder.layers.#.attn.out_proj.weight"},
    {"blk.#.attn_output_norm.weight", "encoder.layers.#.norm1.weight"},
    {"blk.#.attn_output_norm.bias", "encoder.layers.#.norm1.bias"},
    {"blk.#.ffn_up.weight", "encoder.layers.#.mlp.fc11.weight"},
    {"blk.#.ffn_gate.weight", "encoder.layers.#.mlp.fc12.weight"},
    {"blk.#.ffn_down.weight", "encoder.layers.#.mlp.fc2.weight"},
    {"blk.#.layer_output_norm.weight", "encoder.layers.#.norm2.weight"},
    {"blk.#.layer_output_norm.bias", "encoder.layers.#.norm2.bias"},
};

constexpr DecoderStyle bert{
    .layer_norm = true,
    .norm_before = false,
    .activation = Activation::GeluErf,
    .gated = false,
    .encoder = true,
};

Result<std::unique_ptr<Block>> stream_norm(const Decoder& decoder, std::string_view name) {
    Norm norm = TRY(decoder.norm(name, decoder.sizes().dim));
    return std::unique_ptr<Block>(std::make_unique<StreamNorm>(std::move(norm)));
}

// Vectors for the place of a token: of its text in a pair, and of its position.
Result<> read_places(Decoder& decoder) {
    const Source& source = decoder.source();
    const DecoderSizes& s = decoder.sizes();
    if (source.has("position_embd.weight")) {
        // In a folder of RoBERTa positions begin behind that of padding; a GGUF file has them cut.
        auto type = source.document_setting("model_type");
        const std::string* name = type ? type->as_string() : nullptr;
        uint32_t unused = 0;
        if (name && name->ends_with("roberta"))
            unused = 1 + TRY(source.uint_or("padding", 0, s.context, 1));
        if (unused >= s.context)
            return Error{Code::BadInput,
                         cat("of ", s.context, " positions ", unused, " are unused")};
        const Tensor& positions = *TRY(source.need("position_embd.weight", s.context, s.dim));
        decoder.model.config.context = s.context - unused;
        decoder.model.positions = Matrix(positions, s.dim).slice(unused, s.context - unused);
    }
    if (!source.has("token_types.weight")) return Done{};
    uint64_t types = TRY(source.need("token_types.weight"))->values / s.dim;
    if (types < 1 || types > 255)
        return Error{Code::BadInput, cat("the model knows ", types, " types of tokens")};
    const Tensor& table = *TRY(source.need("token_types.weight", types, s.dim));
    decoder.model.token_types = Matrix(table, s.dim);
    return Done{};
}

// What gives a pair of texts a score, where the file has it: output(tanh(dense(first token))).
Result<> read_classifier(Decoder& decoder) {
    const Source& source = decoder.source();
    const size_t dim = decoder.sizes().dim;
    if (!source.has("cls.output.weight")) return Done{};
    size_t labels = TRY(source.need("cls.output.weight"))->values / dim;
    if (labels < 1 || labels > 1024)
        return Error{Code::BadInput, cat("the model's classifier has ", labels, " labels")};
    Classifier& classifier = decoder.model.classifier;
    if (source.has("cls.weight")) classifier.dense = TRY(decoder.fixed_linear("cls", dim, dim, {}));
    classifier.output = TRY(decoder.fixed_linear("cls.output", labels, dim, {}));
    return Done{};
}

Result<ModelParts> build(const Source& source, const DecoderStyle& style, bool turned) {
    Decoder decoder = TRY(Decoder::read(source, style));
    TRY(read_places(decoder));
    TRY(read_classifier(decoder));
    Decoder::Rotation rotation;
    if (turned) rotation = TRY(decoder.rotation());
    decoder.add(TRY(stream_norm(decoder, "token_embd_norm")));
    for (uint32_t layer = 0; layer < decoder.sizes().layers; layer++) {
        auto attention = TRY(decoder.attention(layer));
        attention.causal = false;
        attention.turn_by(rotation);
        decoder.add(std::move(attention));
        decoder.add(TRY(stream_norm(decoder, cat("blk.", layer, ".attn_output_norm"))));
        decoder.add(TRY(decoder.mlp(layer)));
        decoder.add(TRY(stream_norm(decoder, cat("blk.", layer, ".layer_output_norm"))));
    }
    return std::move(decoder.model);
}

Result<ModelParts> build_bert(const Source& source) {
    return build(source, bert, false);
}

Result<ModelParts> build_nomic(const Source& source) {
    DecoderStyle style = bert;
    style.gated = true;
    style.activation = Activation::Silu;
    // Every second layer of its larger sibling has experts.
    if (TRY(source.uint_or("moe_every_n_layers", 0, 1024, 0)) > 0)
        return Error{Code::Unsupported,
                     "the model is a mixture of experts of Nomic's kind, which this build cannot "
                     "run"};
    return build(source, style, true);
}

}  // namespace

const Family bert_family{"bert", build_bert, bert_names};
const Family nomic_bert_family{"nomic-bert", build_nomic, nomic_names};

}  // namespace linnet
