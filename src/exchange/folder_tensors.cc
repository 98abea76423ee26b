#include "exchange/folder_tensors.h"

#include <algorithm>
#include <cstring>
#include <set>

#include "base/text.h"

namespace linnet {
namespace {

// Of a layer, in the order of the file. Where a folder has one tensor that two of these names could
// mean, the first gets it.
constexpr std::string_view layer_parts[] = {"attn_norm",   "attn_q",       "attn_k",
                                            "attn_v",      "attn_qkv",     "attn_output",
                                            "attn_q_norm", "attn_k_norm",  "post_attention_norm",
                                            "ffn_norm",    "ffn_gate_inp", "ffn_gate",
                                            "ffn_up",      "ffn_down",     "post_ffw_norm"};
constexpr std::string_view front_parts[] = {"token_embd", "position_embd", "output_norm"};

// What older programs saved though it follows from the settings, and parts that see and hear.
bool may_be_left_out(std::string_view name) {
    for (std::string_view end : {"rotary_emb.inv_freq", ".attn.bias", ".attn.masked_bias"})
        if (name.ends_with(end)) return true;
    for (std::string_view part : {"vision_tower.", "multi_modal_projector.", "audio_tower."})
        if (name.starts_with(part) || name.find(cat(".", part)) != name.npos) return true;
    return false;
}

class TensorPlanner {
  public:
    TensorPlanner(const Source& source, const FolderStyle& style)
        : source_(source), style_(style) {}

    Result<std::vector<ImportedTensor>> plan(std::span<const SettingTensor> settings) {
        layers_ = TRY(source_.need_uint("block_count", 1, 1024));
        heads_ = TRY(source_.need_uint("attention.head_count", 1, 1024));
        kv_heads_ = TRY(source_.uint_or("attention.head_count_kv", 1, heads_, heads_));
        experts_ = TRY(source_.uint_or("expert_count", 0, 1024, 0));
        for (std::string_view part : front_parts) TRY(add_if_there(part));
        TRY(add_head());
        for (const SettingTensor& setting : settings)
            out_.push_back(
                {.plan = {std::string(setting.name), dtype_named("f32"), {setting.values.size()}},
                 .values = setting.values});
        for (uint32_t layer = 0; layer < layers_; layer++) {
            const size_t before = out_.size();
            for (std::string_view part : layer_parts)
                TRY(add_if_there(cat("blk.", layer, ".", part)));
            if (experts_ > 0) TRY(add_experts(layer));
            if (out_.size() == before)
                return Error{Code::BadInput, cat("the model has no tensors of layer ", layer)};
        }
        TRY(source_.need("token_embd.weight"));
        TRY(check_all_taken());
        return std::move(out_);
    }

  private:
    Result<> add_head() {
        const bool says_tied = style_.always_tied || [&] {
            auto tied = source_.document_setting("tie_word_embeddings");
            return tied && tied->as_bool().value_or(false);
        }();
        if (!says_tied) return add_if_there("output");
        if (source_.has("output.weight")) taken_.insert(TRY(source_.need("output.weight")));
        return Done{};
    }

    Result<> add_if_there(std::string_view part) {
        for (std::string_view end : {".weight", ".bias"}) {
            const std::string name = cat(part, end);
            if (!source_.has(name)) continue;
            const Tensor* tensor = TRY(source_.need(name));
            if (!taken_.insert(tensor).second) continue;
            TRY(add(name, *tensor));
        }
        return Done{};
    }

    Result<> add(const std::string& name, const Tensor& tensor) {
        if (tensor.shape.rank() < 1 || tensor.shape.rank() > 2 || tensor.values == 0)
            return Error{Code::BadInput, cat("the tensor '", printable(tensor.name), "' is ",
                                             shape_text(tensor.shape), ", no matrix or vector")};
        const bool vector = tensor.shape.rank() == 1;
        ImportedTensor made{.plan = {name, tensor.dtype, tensor.shape},
                            .parts = {{&tensor, 0, tensor.shape[0]}}};
        if (vector || name.find("ffn_gate_inp") != name.npos) made.plan.dtype = dtype_named("f32");
        if (vector && name.find("norm") != name.npos) made.offset = style_.norm_offset;
        const bool embedding = name == "token_embd.weight" || name == "position_embd.weight";
        if (style_.transposed && !vector && !embedding && name != "output.weight") {
            made.order = ImportedTensor::Order::Transposed;
            made.plan.shape = {tensor.shape[1], tensor.shape[0]};
        }
        made.heads = TRY(heads_in_pairs(style_, name, tensor, {heads_, kv_heads_}));
        if (made.heads > 0) made.order = ImportedTensor::Order::PairsTogether;
        return keep(std::move(made));
    }

    // All experts' matrices of one kind, one behind the other.
    Result<> add_experts(uint32_t layer) {
        auto blk = [&](std::string_view part) { return cat("blk.", layer, ".ffn_", part); };
        if (source_.has(blk("gate_up_exps.weight"))) {
            const Tensor* both = TRY(expert_tensor(blk("gate_up_exps.weight")));
            const Tensor* down = TRY(expert_tensor(blk("down_exps.weight")));
            if (both->shape[1] % 2 != 0)
                return Error{Code::BadInput, cat("the tensor '", printable(both->name), "' is ",
                                                 shape_text(both->shape), ", not two of a size")};
            const uint64_t rows = both->shape[1] / 2;
            std::vector<SourceRows> gate, up;
            for (uint64_t i = 0; i < experts_; i++) {
                gate.push_back({both, 2 * i * rows, rows});
                up.push_back({both, (2 * i + 1) * rows, rows});
            }
            TRY(keep_experts(blk("gate_exps.weight"), std::move(gate)));
            TRY(keep_experts(blk("up_exps.weight"), std::move(up)));
            return keep_experts(blk("down_exps.weight"), {{down, 0, experts_ * down->shape[1]}});
        }
        for (std::string_view part : {"gate", "up", "down"}) {
            std::vector<SourceRows> parts;
            for (uint32_t i = 0; i < experts_; i++) {
                const std::string name = cat(blk(part), ".", i, ".weight");
                if (i == 0 && !source_.has(name)) break;  // a layer without experts
                const Tensor* tensor = TRY(source_.need(name));
                if (tensor->shape.rank() != 2)
                    return Error{Code::BadInput,
                                 cat("the tensor '", printable(tensor->name), "' is no matrix")};
                taken_.insert(tensor);
                parts.push_back({tensor, 0, tensor->shape[0]});
            }
            if (!parts.empty()) TRY(keep_experts(cat(blk(part), "_exps.weight"), std::move(parts)));
        }
        return Done{};
    }

    Result<const Tensor*> expert_tensor(const std::string& name) {
        const Tensor* tensor = TRY(source_.need(name));
        if (tensor->shape.rank() != 3 || tensor->shape[0] != experts_)
            return Error{Code::BadInput, cat("the tensor '", printable(tensor->name), "' is ",
                                             shape_text(tensor->shape), ", not one matrix for ",
                                             experts_, " experts")};
        taken_.insert(tensor);
        return tensor;
    }

    Result<> keep_experts(std::string name, std::vector<SourceRows> parts) {
        const Tensor& first = *parts[0].tensor;
        uint64_t rows = 0;
        for (const SourceRows& part : parts) {
            rows += part.count;
            if (part.tensor->dtype != first.dtype || part.tensor->shape != first.shape)
                return Error{Code::BadInput,
                             cat("the experts' tensors '", printable(first.name), "' and '",
                                 printable(part.tensor->name), "' are not alike")};
        }
        const Shape shape = {experts_, rows / experts_, first.shape.row()};
        return keep({.plan = {std::move(name), first.dtype, shape}, .parts = std::move(parts)});
    }

    Result<> keep(ImportedTensor made) {
        for (const SourceRows& part : made.parts) {
            const DType& dtype = *part.tensor->dtype;
            const bool blocks = dtype.block_values > 1 && part.tensor->file == Tensor::in_memory;
            if (!blocks && dtype.name != "f32" && dtype.name != "f16" && dtype.name != "bf16")
                return Error{
                    Code::Unsupported,
                    cat("the tensor '", printable(part.tensor->name), "' is of type ", dtype.name,
                        "; float32, float16 and bfloat16 can be brought over")};
            if (blocks && made.order == ImportedTensor::Order::Transposed)
                return Error{Code::Unsupported, cat("the tensor '", printable(part.tensor->name),
                                                    "' is quantized the wrong way round")};
        }
        out_.push_back(std::move(made));
        return Done{};
    }

    Result<> check_all_taken() const {
        for (const Tensor& tensor : source_.checkpoint().tensors())
            if (!taken_.contains(&tensor) && !may_be_left_out(tensor.name))
                return Error{Code::Unsupported, cat("the folder has a tensor '",
                                                    printable(tensor.name), "' that GGUF files of ",
                                                    source_.architecture(), " have no place for")};
        return Done{};
    }

    const Source& source_;
    const FolderStyle& style_;
    uint32_t layers_ = 0, heads_ = 0, kv_heads_ = 0, experts_ = 0;
    std::set<const Tensor*> taken_;
    std::vector<ImportedTensor> out_;
};

// A part as a matrix: a vector is a column.
struct Cells {
    const std::byte* data;
    uint64_t row_bytes, value_bytes;  // the latter of float types

    explicit Cells(const Tensor& tensor)
        : data(tensor.data.data()),
          row_bytes(*tensor.dtype->bytes_of(tensor.shape.rank() == 1 ? 1 : tensor.shape.row())),
          value_bytes(tensor.dtype->block_bytes) {}
    const std::byte* row(uint64_t i) const { return data + i * row_bytes; }
};

// Which row of its part becomes row `i`.
uint64_t source_row(const ImportedTensor& tensor, uint64_t i, uint64_t rows) {
    if (tensor.order != ImportedTensor::Order::PairsTogether) return i;
    const uint64_t head_rows = rows / tensor.heads, head = i / head_rows, within = i % head_rows;
    return head * head_rows + within % 2 * (head_rows / 2) + within / 2;
}

void transpose(const Cells& from, uint64_t first, uint64_t count, uint64_t columns,
               std::byte* out) {
    for (uint64_t r = first; r < first + count; r++)
        for (uint64_t c = 0; c < columns; c++, out += from.value_bytes)
            std::memcpy(out, from.row(c) + r * from.value_bytes, from.value_bytes);
}

}  // namespace

Result<std::vector<ImportedTensor>> plan_imported_tensors(const Source& source,
                                                          const FolderStyle& style,
                                                          std::span<const SettingTensor> settings) {
    return TensorPlanner(source, style).plan(settings);
}

void read_rows(const ImportedTensor& tensor, uint64_t first, uint64_t count, std::byte* out) {
    const uint64_t columns = tensor.plan.shape.rank() == 1 ? 1 : tensor.plan.shape.row();
    if (tensor.parts.empty()) {
        std::memcpy(out, tensor.values.data() + first, count * sizeof(float));
        return;
    }
    if (tensor.order == ImportedTensor::Order::Transposed)
        return transpose(Cells(*tensor.parts[0].tensor), first, count, columns, out);
    const uint64_t row_bytes = *tensor.plan.dtype->bytes_of(columns);
    std::vector<float> values(columns);
    uint64_t begin = 0;  // of the part, among all rows
    for (const SourceRows& part : tensor.parts) {
        const Cells cells(*part.tensor);
        const DType& dtype = *part.tensor->dtype;
        for (uint64_t i = std::max(first, begin); i < std::min(first + count, begin + part.count);
             i++, out += row_bytes) {
            const std::byte* row =
                cells.row(part.first + source_row(tensor, i - begin, part.count));
            if (&dtype == tensor.plan.dtype && tensor.offset == 0) {
                std::memcpy(out, row, row_bytes);
                continue;
            }
            dtype.decode(row, values.data(), columns);
            for (float& value : values) value += tensor.offset;
            std::memcpy(out, values.data(), row_bytes);  // only float32 differs from its source
        }
        begin += part.count;
    }
}

}  // namespace linnet
