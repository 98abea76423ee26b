// Small models that were trained, in the formats of other programs, against what these programs
// said of them: a story that was published with its model, and logits of an RWKV-7.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

#include "base/bytes.h"
#include "base/testing/data.h"
#include "base/testing/result.h"
#include "base/testing/temporary.h"
#include "engine/local_generator.h"
#include "formats/writer.h"
#include "kernels/select.h"

namespace linnet {
namespace {

using namespace linnet::testing;

struct NamedTensor {
    std::string name;
    Shape shape;
    std::vector<float> values;
};

void write_gguf(const Path& path, const MetadataBuilder& metadata,
                const std::vector<NamedTensor>& tensors) {
    std::vector<TensorPlan> plan;
    for (const NamedTensor& tensor : tensors)
        plan.push_back({tensor.name, dtype_named("f32"), tensor.shape});
    auto writer = must(CheckpointWriter::create(path, metadata, plan));
    for (const NamedTensor& tensor : tensors)
        must(writer.append(as_bytes(std::string_view(
            reinterpret_cast<const char*>(tensor.values.data()), tensor.values.size() * 4))));
    must(writer.finish());
}

template <class T>
T take(std::string_view& bytes) {
    T value;
    check(bytes.size() >= sizeof value, "the file is whole");
    std::memcpy(&value, bytes.data(), sizeof value);
    bytes.remove_prefix(sizeof value);
    return value;
}

std::vector<float> take_floats(std::string_view& bytes, size_t count) {
    std::vector<float> out(count);
    check(bytes.size() >= count * 4, "the file is whole");
    std::memcpy(out.data(), bytes.data(), count * 4);
    bytes.remove_prefix(count * 4);
    return out;
}

// The first format of llama2.c: seven sizes, then all tensors of a kind one behind the other, and a
// vocabulary of scores and pieces.
void convert_llama2c(const Path& folder, const Path& to) {
    std::string model = must(read_file(folder / "stories260K.bin", 1 << 22));
    std::string_view in = model;
    uint64_t dim = take<uint32_t>(in), hidden = take<uint32_t>(in), layers = take<uint32_t>(in);
    uint64_t heads = take<uint32_t>(in), kv_heads = take<uint32_t>(in);
    uint64_t vocabulary = take<uint32_t>(in), context = take<uint32_t>(in);
    uint64_t kv = dim / heads * kv_heads;
    std::vector<NamedTensor> tensors;
    auto one = [&](std::string_view name, Shape shape) {
        tensors.push_back({std::string(name), shape, take_floats(in, *shape.values())});
    };
    auto all = [&](std::string_view name, Shape shape) {
        for (uint64_t layer = 0; layer < layers; layer++)
            one(cat("blk.", layer, ".", name, ".weight"), shape);
    };
    one("token_embd.weight", {vocabulary, dim});
    all("attn_norm", {dim});
    all("attn_q", {dim, dim});
    all("attn_k", {kv, dim});
    all("attn_v", {kv, dim});
    all("attn_output", {dim, dim});
    all("ffn_norm", {dim});
    all("ffn_gate", {hidden, dim});
    all("ffn_down", {dim, hidden});
    all("ffn_up", {hidden, dim});
    one("output_norm.weight", {dim});

    MetadataBuilder metadata;
    metadata.set("general.architecture", "llama").set("llama.block_count", layers);
    metadata.set("llama.embedding_length", dim).set("llama.feed_forward_length", hidden);
    metadata.set("llama.context_length", context).set("llama.attention.head_count", heads);
    metadata.set("llama.attention.head_count_kv", kv_heads);
    metadata.set("llama.attention.layer_norm_rms_epsilon", 1e-5f);
    std::string vocabulary_file = must(read_file(folder / "tok512.bin", 1 << 20));
    in = vocabulary_file;
    take<uint32_t>(in);  // the longest piece
    std::vector<std::string> pieces;
    std::vector<float> scores;
    std::vector<int32_t> types;
    for (uint64_t i = 0; i < vocabulary; i++) {
        scores.push_back(take<float>(in));
        auto length = take<uint32_t>(in);
        std::string piece(in.substr(0, length));
        in.remove_prefix(length);
        bool byte = i >= 3 && i < 259;
        types.push_back(i == 0 ? 2 : i < 3 ? 3 : byte ? 6 : 1);
        if (i == 1 || i == 2) piece = i == 1 ? "<s>" : "</s>";
        pieces.push_back(byte ? piece : replace_all(piece, " ", "\xE2\x96\x81"));
    }
    metadata.set("tokenizer.ggml.model", "llama");
    metadata.set_array("tokenizer.ggml.tokens", std::span<const std::string>(pieces));
    metadata.set_array("tokenizer.ggml.scores", std::span<const float>(scores));
    metadata.set_array("tokenizer.ggml.token_type", std::span<const int32_t>(types));
    metadata.set("tokenizer.ggml.bos_token_id", 1u).set("tokenizer.ggml.eos_token_id", 2u);
    write_gguf(to, metadata, tensors);
}

TEST(Trained, TellsThePublishedStory) {
    LINNET_DATA_OR_SKIP(folder, "data/models/stories260K");
    TemporaryFolder work;
    convert_llama2c(folder, work.path() / "stories.gguf");
    SystemClock clock;
    for (Math math : {Math::F32, Math::Fast}) {
        auto generator =
            must(LocalGenerator::open(must(Checkpoint::open(work.path() / "stories.gguf")), math,
                                      kernels_of(kernel_isas().back()), clock, {.threads = 2}));
        GenerationRequest request{.prompt = PlainPrompt{"Once upon a time"}};
        request.sampling.temperature = 0;
        request.tokens_max = 60;
        auto generation = must(generator->start(std::move(request)));
        std::string text = "Once upon a time";
        while (auto event = must(generation->next(Cancel())))
            for (const OutputEvent& part : event->parts) text += part.text;
        EXPECT_TRUE(
            text.starts_with("Once upon a time, there was a little girl named Lily. She "
                             "loved to play outside in the park."))
            << text;
    }
}

// rwkv.cpp's names as GGUF has them.
std::string gguf_name(std::string name) {
    const std::pair<std::string_view, std::string_view> parts[] = {
        {"blocks.0.ln0", "token_embd_norm"},
        {"blocks.", "blk."},
        {"ln1", "attn_norm"},
        {"ln2", "attn_norm_2"},
        {"att.ln_x", "time_mix_ln"},
        {"att.x_rwkvag", "time_mix_lerp_fused.weight"},
        {"att.", "time_mix_"},
        {"ffn.x_k", "channel_mix_lerp_k.weight"},
        {"ffn.", "channel_mix_"},
        {"emb.weight", "token_embd.weight"},
        {"head.weight", "output.weight"},
        {"ln_out", "output_norm"},
    };
    for (auto [from, to] : parts) name = replace_all(name, from, to);
    if (!name.ends_with(".weight") && !name.ends_with(".bias")) name += ".weight";
    return name;
}

// A file of rwkv.cpp: six sizes, then a header, name and values of each tensor.
void convert_rwkv(const Path& from, const Path& to) {
    std::string file = must(read_file(from, 1 << 24));
    std::string_view in = file;
    take<uint64_t>(in);  // magic and version
    take<uint32_t>(in);  // vocabulary
    auto dim = take<uint32_t>(in), layers = take<uint32_t>(in);
    take<uint32_t>(in);
    std::vector<NamedTensor> tensors;
    while (!in.empty()) {
        auto rank = take<uint32_t>(in), length = take<uint32_t>(in), type = take<uint32_t>(in);
        check(type == 0, "the file is of float32");
        std::vector<uint64_t> sizes;
        for (uint32_t i = 0; i < rank; i++) sizes.insert(sizes.begin(), take<uint32_t>(in));
        std::string name(in.substr(0, length));
        in.remove_prefix(length);
        while (sizes.size() > 2 && sizes[1] == 1) sizes.erase(sizes.begin() + 1);
        uint64_t count = 1;
        for (uint64_t size : sizes) count *= size;
        Shape shape = sizes.size() == 1 || sizes[0] == 1 ? Shape{count} : Shape{sizes[0], sizes[1]};
        tensors.push_back({gguf_name(name), shape, take_floats(in, count)});
    }
    MetadataBuilder metadata;
    metadata.set("general.architecture", "rwkv7").set("rwkv7.block_count", layers);
    metadata.set("rwkv7.embedding_length", dim).set("rwkv7.wkv.head_size", 64u);
    metadata.set("rwkv7.feed_forward_length", 4 * dim).set("rwkv7.context_length", 1024u);
    metadata.set("rwkv7.attention.layer_norm_epsilon", 1e-5f);
    write_gguf(to, metadata, tensors);
}

TEST(Trained, RwkvGivesThePublishedLogits) {
    LINNET_DATA_OR_SKIP(folder, "data/models/tiny-rwkv");
    TemporaryFolder work;
    convert_rwkv(folder / "tiny-rwkv-7v0-834K-FP32.bin", work.path() / "rwkv.gguf");
    ThreadPool pool(2);
    auto model =
        must(Model::load(must(Checkpoint::open(work.path() / "rwkv.gguf")), Math::F32, pool));
    Workspace workspace(*model, kernels_of(kernel_isas().back()), pool, {.context_max = 32});
    auto cache = must(KvCache::make(model->kv_shapes(), 1, KvType::F32));
    std::vector<float> state(model->state_floats());
    const std::vector<int32_t> prompt = {'"', 'i', 'n'};
    const std::vector<uint32_t> pages = {0};
    linnet::Run run{.tokens = prompt, .pages = pages, .state = state.data()};
    auto logits = model->forward({std::span(&run, 1)}, cache, workspace);
    std::string file = must(read_file(folder / "expected-logits-7v0-834K.bin", 1 << 16));
    std::string_view in = file;
    auto expected = take_floats(in, 256);
    ASSERT_EQ(logits.size(), expected.size());
    for (size_t i = 0; i < expected.size(); i++) EXPECT_NEAR(logits[i], expected[i], 1e-5) << i;
}

}  // namespace
}  // namespace linnet
