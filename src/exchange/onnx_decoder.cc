#include "exchange/onnx_decoder.h"

#include <cmath>

#include "base/text.h"
#include "exchange/onnx_graph.h"
#include "model/families/family.h"
#include "model/families/rotation.h"

namespace linnet {
namespace {

constexpr std::string_view families_known[] = {"llama", "qwen2", "qwen3", "smollm3"};
constexpr std::string_view data_name = "model.onnx.data";

struct OnnxSizes {
    int64_t layers = 0, heads = 0, kv_heads = 0, head_dim = 0;
    float epsilon = 1e-5f;
    bool turns_every_fourth = true;  // false: every fourth layer has no rotation
};

// Builds the graph as the forward pass is written in papers. Values: x (batch, tokens, dim).
class DecoderGraph {
  public:
    DecoderGraph(const OnnxWeights& weights, OnnxNumbers numbers, const OnnxSizes& sizes, Rope rope)
        : weights_(weights),
          s_(sizes),
          rope_(std::move(rope)),
          half_(numbers == OnnxNumbers::F16),
          type_(half_ ? OnnxType::Float16 : OnnxType::Float) {}

    std::string build() {
        for (const OnnxWeight& weight : weights_.list())
            g_.weight(weight.name, weight.type, weight.shape, data_name, weight.offset,
                      weight.bytes);
        g_.input("input_ids", OnnxType::Int64, {"batch", "tokens"});
        g_.input("attention_mask", OnnxType::Int64, {"batch", "total"});
        g_.input("position_ids", OnnxType::Int64, {"batch", "tokens"});
        prepare_mask();
        prepare_angles();
        // The embedding may be narrower than what is computed.
        std::string x = cast(g_.node("Gather", {"model.embed_tokens.weight", "input_ids"}), type_);
        for (int64_t layer = 0; layer < s_.layers; layer++) x = decoder_layer(layer, x);
        x = norm(x, "model.norm.weight");
        const bool tied = !has("lm_head.weight") && !has("lm_head.weight.levels");
        x = linear(x, tied ? "model.embed_tokens" : "lm_head");
        g_.node_into("Cast", {x}, {"logits"}, {{"to", static_cast<int64_t>(OnnxType::Float)}});
        g_.output("logits", OnnxType::Float, {"batch", "tokens", "vocabulary"});
        return g_.model("1");
    }

  private:
    bool has(std::string_view name) const { return weights_.has(name); }

    std::string cast(const std::string& x, OnnxType type) {
        return g_.node("Cast", {x}, {{"to", static_cast<int64_t>(type)}});
    }
    // To the precision of sums, and back to that of weights.
    std::string widen(const std::string& x) { return half_ ? cast(x, OnnxType::Float) : x; }
    std::string narrow(const std::string& x) { return half_ ? cast(x, OnnxType::Float16) : x; }
    std::string scalar(float value) { return g_.floats(std::span(&value, 1), {}); }
    std::string reshape(const std::string& x, std::vector<int64_t> shape) {
        return g_.node("Reshape", {x, g_.int64s(shape)});
    }
    std::string unsqueeze(const std::string& x, std::vector<int64_t> axes) {
        return g_.node("Unsqueeze", {x, g_.int64s(axes)});
    }
    std::string transpose(const std::string& x, std::vector<int64_t> order) {
        return g_.node("Transpose", {x}, {{"perm", std::move(order)}});
    }

    // Token i of this step sees what the mask leaves of those before it and itself: 0, or what
    // takes all weight away. (batch, 1, tokens, total)
    void prepare_mask() {
        const std::string zero = g_.int64(0), one = g_.int64(1);
        const std::string total = g_.node("Gather", {g_.node("Shape", {"attention_mask"}), one});
        const std::string tokens = g_.node("Gather", {g_.node("Shape", {"input_ids"}), one});
        const std::string past = g_.node("Sub", {total, tokens});
        const std::string key = g_.node("Range", {zero, total, one});
        const std::string query = unsqueeze(g_.node("Range", {past, total, one}), {1});
        const std::string before = g_.node("LessOrEqual", {unsqueeze(key, {0}), query});
        const std::string wanted = unsqueeze(cast("attention_mask", OnnxType::Bool), {1, 2});
        const std::string seen = g_.node("And", {before, wanted});
        mask_ = g_.node("Where", {seen, scalar(0), scalar(-1e30f)});
    }

    // Of each token's position: (batch, 1, tokens, turned values of a head)
    void prepare_angles() {
        const std::string position = unsqueeze(cast("position_ids", OnnxType::Float), {2});
        const auto pairs = static_cast<int64_t>(rope_.inverse_frequencies.size());
        const std::string angle =
            g_.node("Mul", {position, g_.floats(rope_.inverse_frequencies, {1, 1, pairs})});
        const std::string both = g_.node("Concat", {angle, angle}, {{"axis", -1}});
        auto turned = [&](std::string_view function) {
            std::string out = g_.node(function, {both});
            if (rope_.magnitude != 1) out = g_.node("Mul", {out, scalar(rope_.magnitude)});
            return unsqueeze(out, {1});
        };
        cosine_ = turned("Cos");
        sine_ = turned("Sin");
    }

    std::string norm(const std::string& x, const std::string& weight) {
        const std::string wide = widen(x);
        const int64_t last = -1;
        const std::string mean =
            g_.node("ReduceMean", {g_.node("Mul", {wide, wide}), g_.int64s(std::span(&last, 1))});
        const std::string root = g_.node("Sqrt", {g_.node("Add", {mean, scalar(s_.epsilon)})});
        return g_.node("Mul", {narrow(g_.node("Div", {wide, root})), weight});
    }

    // x W' + b, of a weight (outputs, inputs).
    std::string linear(const std::string& x, const std::string& name) {
        const std::string weight = cat(name, ".weight"), levels = cat(weight, ".levels");
        std::string columns;
        if (has(levels))
            columns = g_.node("DequantizeLinear", {levels, cat(weight, ".scales")},
                              {{"axis", 0}, {"block_size", int64_t{onnx_block}}});
        else
            columns = transpose(weight, {1, 0});
        std::string out = g_.node("MatMul", {x, columns});
        const std::string bias = cat(name, ".bias");
        return has(bias) ? g_.node("Add", {out, bias}) : out;
    }

    // (batch, tokens, heads * head_dim) to (batch, heads, tokens, head_dim)
    std::string heads(const std::string& x, int64_t count, const std::string& head_norm) {
        std::string out = reshape(x, {0, 0, count, s_.head_dim});
        if (has(head_norm)) out = norm(out, head_norm);
        return transpose(out, {0, 2, 1, 3});
    }

    // The first dims() values of each head, of which i and i + dims() / 2 are a pair.
    std::string turn(const std::string& head) {
        const auto dims = static_cast<int64_t>(rope_.dims());
        const std::string wide = widen(head);
        std::string part = wide, rest;
        if (dims < s_.head_dim) {
            part = g_.new_name("part"), rest = g_.new_name("rest");
            const int64_t sizes[] = {dims, s_.head_dim - dims};
            g_.node_into("Split", {wide, g_.int64s(sizes)}, {part, rest}, {{"axis", -1}});
        }
        const std::string first = g_.new_name("first"), second = g_.new_name("second");
        g_.node_into("Split", {part}, {first, second}, {{"axis", -1}, {"num_outputs", 2}});
        const std::string crossed =
            g_.node("Concat", {g_.node("Neg", {second}), first}, {{"axis", -1}});
        std::string out =
            g_.node("Add", {g_.node("Mul", {part, cosine_}), g_.node("Mul", {crossed, sine_})});
        if (!rest.empty()) out = g_.node("Concat", {out, rest}, {{"axis", -1}});
        return narrow(out);
    }

    // Keys or values of all tokens: an input, an output, and once for each head that reads them.
    std::string remembered(const std::string& now, int64_t layer, std::string_view what) {
        const std::string past = cat("past_key_values.", layer, ".", what);
        const std::string present = cat("present.", layer, ".", what);
        const std::string kv = cat(s_.kv_heads), dim = cat(s_.head_dim);
        g_.input(past, type_, {"batch", kv, "past", dim});
        g_.output(present, type_, {"batch", kv, "total", dim});
        g_.node_into("Concat", {past, now}, {present}, {{"axis", 2}});
        if (s_.heads == s_.kv_heads) return present;
        const int64_t group[] = {1, 1, s_.heads / s_.kv_heads, 1, 1};
        const std::string wide = g_.node("Expand", {unsqueeze(present, {2}), g_.int64s(group)});
        return reshape(wide, {0, s_.heads, -1, s_.head_dim});
    }

    std::string attention(int64_t layer, const std::string& x) {
        const std::string self = cat("model.layers.", layer, ".self_attn.");
        std::string q = heads(linear(x, self + "q_proj"), s_.heads, self + "q_norm.weight");
        std::string k = heads(linear(x, self + "k_proj"), s_.kv_heads, self + "k_norm.weight");
        const std::string v = heads(linear(x, self + "v_proj"), s_.kv_heads, "");
        if (s_.turns_every_fourth || (layer + 1) % 4 != 0) q = turn(q), k = turn(k);
        k = remembered(k, layer, "key");
        const std::string values = remembered(v, layer, "value");
        const float scale = 1 / std::sqrt(static_cast<float>(s_.head_dim));
        std::string scores = widen(g_.node("MatMul", {q, transpose(k, {0, 1, 3, 2})}));
        scores = g_.node("Add", {g_.node("Mul", {scores, scalar(scale)}), mask_});
        const std::string weights = narrow(g_.node("Softmax", {scores}, {{"axis", -1}}));
        const std::string mixed = transpose(g_.node("MatMul", {weights, values}), {0, 2, 1, 3});
        return linear(reshape(mixed, {0, 0, s_.heads * s_.head_dim}), self + "o_proj");
    }

    std::string feed_forward(int64_t layer, const std::string& x) {
        const std::string mlp = cat("model.layers.", layer, ".mlp.");
        const std::string gate = linear(x, mlp + "gate_proj");
        const std::string silu = g_.node("Mul", {gate, g_.node("Sigmoid", {gate})});
        return linear(g_.node("Mul", {silu, linear(x, mlp + "up_proj")}), mlp + "down_proj");
    }

    std::string decoder_layer(int64_t layer, std::string x) {
        const std::string name = cat("model.layers.", layer, ".");
        x = g_.node("Add", {x, attention(layer, norm(x, name + "input_layernorm.weight"))});
        return g_.node("Add",
                       {x, feed_forward(layer, norm(x, name + "post_attention_layernorm.weight"))});
    }

    const OnnxWeights& weights_;
    OnnxSizes s_;
    Rope rope_;
    bool half_;
    OnnxType type_;  // of what is computed
    OnnxGraph g_;
    std::string mask_, cosine_, sine_;
};

Result<OnnxSizes> read_sizes(const Source& source) {
    OnnxSizes s;
    const uint32_t dim = TRY(source.need_uint("embedding_length", 1, 1 << 16));
    const uint32_t heads = TRY(source.need_uint("attention.head_count", 1, 1024));
    s.heads = heads;
    s.layers = TRY(source.need_uint("block_count", 1, 1024));
    s.kv_heads = TRY(source.uint_or("attention.head_count_kv", 1, heads, heads));
    s.head_dim = TRY(source.uint_or("attention.key_length", 1, 1024, std::max(dim / heads, 1u)));
    s.epsilon = TRY(source.float_or("attention.layer_norm_rms_epsilon", 1e-5f));
    s.turns_every_fourth = source.architecture() != "smollm3";
    if (s.heads % s.kv_heads != 0 || s.head_dim % 2 != 0)
        return Error{Code::BadInput,
                     cat("the model's settings do not fit together: ", s.heads, " heads of ",
                         s.head_dim, " values and ", s.kv_heads, " key-value heads")};
    if (TRY(source.uint_or("attention.sliding_window", 0, 1u << 30, 0)) > 0)
        return Error{Code::Unsupported, "models whose layers see a window are not written as ONNX"};
    return s;
}

Result<> check_tensors(const ExportPlan& plan, int64_t layers) {
    auto need = [&](const std::string& name) -> Result<> {
        for (const ExportedTensor& tensor : plan.tensors)
            if (tensor.plan.name == name) return Done{};
        return Error{Code::BadInput, cat("the model lacks the tensor '", name, "'")};
    };
    TRY(need("model.embed_tokens.weight"));
    TRY(need("model.norm.weight"));
    for (int64_t layer = 0; layer < layers; layer++)
        for (std::string_view part :
             {"input_layernorm", "self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj",
              "self_attn.o_proj", "post_attention_layernorm", "mlp.gate_proj", "mlp.up_proj",
              "mlp.down_proj"})
            TRY(need(cat("model.layers.", layer, ".", part, ".weight")));
    return Done{};
}

Result<Source> open_source(const Checkpoint& file, ThreadPool& pool) {
    Source source = TRY(Source::open(file, Math::F32, pool));
    if (std::ranges::find(families_known, source.architecture()) == std::end(families_known))
        return Error{
            Code::Unsupported,
            cat("models of '", printable(source.architecture(), 60), "' are not written as ONNX"),
            "those of llama, qwen2, qwen3 and smollm3 are"};
    source.use(find_family(source.architecture())->names, {});
    return source;
}

}  // namespace

Result<ExportPlan> plan_onnx(const Checkpoint& file, OnnxNumbers numbers, WithTokenizer tokenizer) {
    if (file.format() != Format::Gguf)
        return Error{Code::Unsupported, "ONNX models are made of GGUF files",
                     "export the folder by --format gguf first"};
    ThreadPool nobody(1);
    Source source = TRY(open_source(file, nobody));
    const OnnxSizes sizes = TRY(read_sizes(source));
    const DType& dtype = *dtype_named(numbers == OnnxNumbers::F16 ? "f16" : "f32");
    ExportPlan plan = TRY(plan_export(file, dtype, tokenizer));
    TRY(check_tensors(plan, sizes.layers));
    const bool integers = numbers == OnnxNumbers::Int8 || numbers == OnnxNumbers::Int4;
    for (ExportedTensor& tensor : plan.tensors)
        if (integers && tensor.plan.name == "model.embed_tokens.weight")
            tensor.plan.dtype = dtype_named("f16");
    return plan;
}

Result<> write_onnx(const ExportPlan& plan, OnnxNumbers numbers, const Path& folder,
                    Progress& progress, const Cancel& cancel) {
    ThreadPool nobody(1);
    Source source = TRY(open_source(plan.file, nobody));
    const OnnxSizes sizes = TRY(read_sizes(source));
    Rope rope = TRY(read_rope(source, {.head_dim = static_cast<uint32_t>(sizes.head_dim)}));
    const OnnxWeights weights(plan, numbers);
    const std::string model = DecoderGraph(weights, numbers, sizes, std::move(rope)).build();
    return write_folder(plan, folder, [&](const Path& unfinished) -> Result<> {
        TRY(write_file_atomic(unfinished / "model.onnx", model));
        FileWriter data = TRY(FileWriter::open(unfinished / data_name));
        progress.count_in("");
        progress.begin(cat("writing ", data_name), weights.bytes(), 0);
        TRY(weights.write(data, progress, cancel));
        progress.end();
        return data.sync();
    });
}

}  // namespace linnet
