#include "model/source.h"

#include <algorithm>
#include <cmath>

namespace linnet {
namespace {

struct NamePair {
    std::string_view gguf, hugging_face;
};

// Settings that decoder-only models share.
constexpr NamePair settings[] = {
    {"block_count", "num_hidden_layers"},
    {"embedding_length", "hidden_size"},
    {"feed_forward_length", "intermediate_size"},
    {"attention.head_count", "num_attention_heads"},
    {"attention.head_count_kv", "num_key_value_heads"},
    {"attention.key_length", "head_dim"},
    {"attention.layer_norm_rms_epsilon", "rms_norm_eps"},
    {"context_length", "max_position_embeddings"},
    {"vocab_size", "vocab_size"},
    {"rope.freq_base", "rope_theta"},
};

constexpr NamePair tensors[] = {
    {"token_embd.weight", "model.embed_tokens.weight"},
    {"output_norm.weight", "model.norm.weight"},
    {"output.weight", "lm_head.weight"},
};

// What stands behind "blk.N." and "model.layers.N.".
constexpr NamePair layer_tensors[] = {
    {"attn_norm.weight", "input_layernorm.weight"},
    {"attn_q.weight", "self_attn.q_proj.weight"},
    {"attn_k.weight", "self_attn.k_proj.weight"},
    {"attn_v.weight", "self_attn.v_proj.weight"},
    {"attn_output.weight", "self_attn.o_proj.weight"},
    {"attn_q.bias", "self_attn.q_proj.bias"},
    {"attn_k.bias", "self_attn.k_proj.bias"},
    {"attn_v.bias", "self_attn.v_proj.bias"},
    {"attn_output.bias", "self_attn.o_proj.bias"},
    {"attn_q_norm.weight", "self_attn.q_norm.weight"},
    {"attn_k_norm.weight", "self_attn.k_norm.weight"},
    {"ffn_norm.weight", "post_attention_layernorm.weight"},
    {"ffn_gate.weight", "mlp.gate_proj.weight"},
    {"ffn_up.weight", "mlp.up_proj.weight"},
    {"ffn_down.weight", "mlp.down_proj.weight"},
};

// config.json's "model_type" where GGUF uses another word.
constexpr NamePair architectures[] = {
    {"llama", "mistral"},
};

std::string_view translate(std::span<const NamePair> names, std::string_view gguf) {
    auto pair = std::ranges::find(names, gguf, &NamePair::gguf);
    return pair == names.end() ? std::string_view() : pair->hugging_face;
}

std::string hugging_face_tensor(std::string_view name) {
    if (!name.starts_with("blk.")) return std::string(translate(tensors, name));
    size_t dot = name.find('.', 4);
    std::string_view rest = translate(layer_tensors, name.substr(std::min(dot + 1, name.size())));
    return rest.empty() ? "" : cat("model.layers.", name.substr(4, dot - 4), ".", rest);
}

// A metadata value as Json, so that both kinds of file are asked alike. Arrays hold one value per
// layer.
std::optional<Json> as_json(const Value& value, uint32_t layer) {
    if (auto array = value.as_array()) {
        if (array->type() == ValueType::String || array->type() == ValueType::Array ||
            layer >= array->size())
            return std::nullopt;
        return as_json((*array)[layer], layer);
    }
    if (auto flag = value.as_bool()) return Json(*flag);
    if (auto whole = value.as_int()) return Json(*whole);
    if (auto number = value.as_double()) return Json(*number);
    if (auto text = value.as_string()) return Json(*text);
    return std::nullopt;
}

}  // namespace

Result<Source> Source::open(Checkpoint checkpoint, Math math, ThreadPool& pool) {
    if (checkpoint.format() == Format::Gguf) {
        const Value* value = checkpoint.metadata().find("general.architecture");
        auto name = value ? value->as_string() : std::nullopt;
        if (!name)
            return Error{
                Code::BadInput,
                "the file does not say which architecture it holds (general.architecture)"};
        return Source(std::move(checkpoint), std::string(*name), math, pool);
    }
    Json config = TRY(checkpoint.document("config.json"));
    std::string type = config.string_or("model_type", "");
    if (type.empty())
        return Error{Code::BadInput, "config.json does not say which model_type it is"};
    auto pair = std::ranges::find(architectures, type, &NamePair::hugging_face);
    Source source(std::move(checkpoint),
                  pair == std::end(architectures) ? type : std::string(pair->gguf), math, pool);
    source.config_ = std::move(config);
    return source;
}

std::optional<Json> Source::setting(std::string_view name, uint32_t layer) const {
    if (from_hugging_face()) {
        const Json* value = config_.find(translate(settings, name));
        return value && !value->is_null() ? std::optional(*value) : std::nullopt;
    }
    const Value* value = checkpoint_.metadata().find(cat(architecture_, ".", name));
    return value ? as_json(*value, layer) : std::nullopt;
}

Result<uint32_t> Source::need_uint(std::string_view name, uint32_t least, uint32_t most,
                                   uint32_t layer) const {
    auto value = setting(name, layer);
    if (!value)
        return Error{Code::BadInput, cat("the model lacks the setting ", architecture_, ".", name)};
    auto number = value->as_uint();
    if (!number || *number < least || *number > most)
        return Error{Code::BadInput, cat("the setting ", architecture_, ".", name, " is ",
                                         printable(value->dump(), 80), ", not a whole number from ",
                                         least, " to ", most)};
    return static_cast<uint32_t>(*number);
}

Result<uint32_t> Source::uint_or(std::string_view name, uint32_t least, uint32_t most,
                                 uint32_t other, uint32_t layer) const {
    if (!setting(name, layer)) return other;
    return need_uint(name, least, most, layer);
}

Result<float> Source::float_or(std::string_view name, float other) const {
    auto value = setting(name, 0);
    if (!value) return other;
    auto number = value->as_double();
    if (!number || !std::isfinite(static_cast<float>(*number)))
        return Error{Code::BadInput, cat("the setting ", architecture_, ".", name, " is ",
                                         printable(value->dump(), 80), ", not a number")};
    return static_cast<float>(*number);
}

Result<bool> Source::bool_or(std::string_view name, bool other) const {
    auto value = setting(name, 0);
    if (!value) return other;
    auto flag = value->as_bool();
    if (!flag)
        return Error{Code::BadInput,
                     cat("the setting ", architecture_, ".", name, " is not true or false")};
    return *flag;
}

std::string Source::string_or(std::string_view name, std::string_view other) const {
    auto value = setting(name, 0);
    const std::string* text = value ? value->as_string() : nullptr;
    return text ? *text : std::string(other);
}

const Tensor* Source::find(std::string_view name) const {
    if (!from_hugging_face()) return checkpoint_.find(name);
    std::string other = hugging_face_tensor(name);
    return other.empty() ? nullptr : checkpoint_.find(other);
}

Result<const Tensor*> Source::need(std::string_view name) const {
    const Tensor* tensor = find(name);
    if (!tensor) return Error{Code::BadInput, cat("the model lacks the tensor '", name, "'")};
    return tensor;
}

Result<const Tensor*> Source::find_shaped(std::string_view name, uint64_t rows,
                                          uint64_t columns) const {
    const Tensor* tensor = find(name);
    if (!tensor) return tensor;
    if (tensor->shape.row() != columns || tensor->values != rows * columns)
        return Error{Code::BadInput,
                     cat("the tensor '", name, "' is ", shape_text(tensor->shape),
                         " where the model's settings ask for ", rows, " x ", columns)};
    if (!tensor->dtype->decode)
        return Error{Code::BadInput, cat("the tensor '", name, "' is of type ", tensor->dtype->name,
                                         ", which holds no weights")};
    return tensor;
}

Result<const Tensor*> Source::need(std::string_view name, uint64_t rows, uint64_t columns) const {
    TRY(need(name));
    return find_shaped(name, rows, columns);
}

Matrix Source::matrix(const Tensor& tensor, uint64_t columns) const {
    Matrix matrix(tensor, columns);
    if (math_ == Math::F32) return matrix;
    matrix.pack(pool_);
    if (matrix.packed()) {
        const MappedFile& file = checkpoint_.files()[tensor.file];
        file.done_with(static_cast<uint64_t>(tensor.data.data() - file.bytes().data()),
                       tensor.data.size());
    }
    return matrix;
}

Result<std::vector<float>> Source::vector(std::string_view name, uint64_t size, bool needed) const {
    const Tensor* tensor = needed ? TRY(need(name, 1, size)) : TRY(find_shaped(name, 1, size));
    std::vector<float> out;
    if (!tensor) return out;
    out.resize(size);
    tensor->dtype->decode(tensor->data.data(), out.data(), size);
    return out;
}

}  // namespace linnet
