#include "formats/writer.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

#include "base/rng.h"
#include "base/testing/data.h"
#include "base/testing/result.h"
#include "base/testing/temporary.h"
#include "formats/testing/gguf_bytes.h"

namespace linnet {
namespace {

using testing::expect_refused;
using testing::must;
using testing::TemporaryFolder;

const DType* f32 = dtype_named("f32");
const DType* f16 = dtype_named("f16");

std::string noise(Rng& rng, uint64_t bytes) {
    std::string out(bytes, '\0');
    for (char& c : out) c = static_cast<char>(rng.next());
    return out;
}

// Plans and their data.
struct Sample {
    std::vector<TensorPlan> plans;
    std::vector<std::string> data;
    void add(Rng& rng, std::string name, const DType* dtype, Shape shape) {
        data.push_back(noise(rng, *dtype->bytes_of(*shape.values())));
        plans.push_back({std::move(name), dtype, shape});
    }
};

std::vector<Path> write(const Path& path, const MetadataBuilder& metadata, const Sample& sample,
                        WriteOptions options) {
    auto writer = must(CheckpointWriter::create(path, metadata, sample.plans, options));
    for (const std::string& data : sample.data) must(writer.append(as_bytes(data)));
    return must(writer.finish());
}

void expect_holds(const Checkpoint& model, const Sample& sample) {
    ASSERT_EQ(model.tensors().size(), sample.plans.size());
    for (size_t i = 0; i < sample.plans.size(); i++) {
        const Tensor& tensor = model.tensors()[i];
        EXPECT_EQ(tensor.name, sample.plans[i].name);
        EXPECT_EQ(tensor.dtype, sample.plans[i].dtype);
        EXPECT_EQ(tensor.shape, sample.plans[i].shape);
        EXPECT_EQ(as_text(tensor.data), sample.data[i]) << tensor.name;
    }
}

size_t files_in(const Path& folder) {
    return static_cast<size_t>(std::distance(std::filesystem::directory_iterator(folder), {}));
}

Sample odd_sizes() {
    Rng rng(1);
    Sample out;
    out.add(rng, "token_embd.weight", f16, {7, 3});
    out.add(rng, "scalar", f32, {});
    out.add(rng, "cube", f32, {2, 3, 5});
    out.add(rng, "vector", f16, {17});
    return out;
}

MetadataBuilder every_kind() {
    MetadataBuilder out;
    out.set("general.architecture", "llama").set("u8", uint8_t{7}).set("i64", int64_t{-9});
    out.set("float", 0.25f).set("double", 0.1).set("yes", true);
    std::vector<std::string> words{"a", "", "héllo"};
    std::vector<int32_t> numbers{1, -2, 3};
    out.set_array("words", std::span<const std::string>(words));
    out.set_array("numbers", std::span<const int32_t>(numbers));
    return out;
}

TEST(Writer, GgufComesBackAsItWas) {
    TemporaryFolder folder;
    Sample sample = odd_sizes();
    for (uint32_t alignment : {1u, 32u, 4096u}) {
        Path path = folder.path() / cat("m", alignment, ".gguf");
        auto written = write(path, every_kind(), sample, {.alignment = alignment});
        EXPECT_EQ(written, std::vector<Path>{path});
        Checkpoint model = must(Checkpoint::open(path));
        expect_holds(model, sample);
        const Metadata& data = model.metadata();
        EXPECT_EQ(data.string_of("general.architecture"), "llama");
        EXPECT_EQ(data.uint_of("u8"), 7u);
        EXPECT_EQ(data.find("u8")->type(), ValueType::Uint8);
        EXPECT_EQ(data.int_of("i64"), -9);
        EXPECT_EQ(data.double_of("float"), 0.25);
        EXPECT_EQ(data.double_of("double"), 0.1);
        EXPECT_EQ(data.bool_of("yes"), true);
        EXPECT_EQ(data.array_of("words")->to<std::string_view>(),
                  (std::vector<std::string_view>{"a", "", "héllo"}));
        EXPECT_EQ(data.array_of("numbers")->to<int>(), (std::vector<int>{1, -2, 3}));
        EXPECT_EQ(data.uint_of("general.alignment").value_or(32), alignment);
        EXPECT_EQ(std::filesystem::file_size(path) % alignment, 0u);  // the last is padded too
    }
    EXPECT_EQ(files_in(folder.path()), 3u);
}

TEST(Writer, CopiesMetadataOfEveryVersion) {
    testing::GgufBytes old(1);
    old.array("words", ValueType::String, 2, old.string("x") + old.string("yz"));
    old.number("general.alignment", 64).number("n", 5).tensor("t", {4}, 0, 0).data(16);
    TemporaryFolder folder;
    Path from = folder.path() / "old.gguf", to = folder.path() / "new.gguf";
    must(write_file_atomic(from, old.build(64)));
    Checkpoint source = must(Checkpoint::open(from));
    must(write_checkpoint(to, MetadataBuilder(source.metadata()), source.tensors()));
    Checkpoint copy = must(Checkpoint::open(to));
    EXPECT_EQ(copy.version(), 3u);
    EXPECT_EQ(copy.metadata().array_of("words")->to<std::string_view>(),
              (std::vector<std::string_view>{"x", "yz"}));
    EXPECT_EQ(copy.metadata().uint_of("n"), 5u);
    EXPECT_EQ(copy.metadata().find("general.alignment"), nullptr);  // 32 again
    EXPECT_EQ(as_text(copy.tensors()[0].data), as_text(source.tensors()[0].data));
}

TEST(Writer, SplitsGguf) {
    TemporaryFolder folder;
    Sample sample = odd_sizes();
    auto written = write(folder.path() / "m.gguf", every_kind(), sample, {.file_bytes_max = 60});
    ASSERT_EQ(written.size(), 3u);
    EXPECT_EQ(written[0].filename(), "m-00001-of-00003.gguf");
    Checkpoint model = must(Checkpoint::open(written[1]));
    expect_holds(model, sample);
    EXPECT_EQ(model.metadata().uint_of("split.count"), 3u);
    EXPECT_EQ(model.metadata().string_of("general.architecture"), "llama");

    // What was split can be written whole again.
    Path whole = folder.path() / "whole.gguf";
    must(write_checkpoint(whole, MetadataBuilder(model.metadata()), model.tensors()));
    Checkpoint joined = must(Checkpoint::open(whole));
    expect_holds(joined, sample);
    EXPECT_EQ(joined.metadata().find("split.count"), nullptr);
}

TEST(Writer, SafetensorsComesBackAsItWas) {
    TemporaryFolder folder;
    Rng rng(2);
    Sample sample = odd_sizes();
    sample.add(rng, "empty", f32, {0, 4});
    sample.add(rng, "rank5", f32, {1, 2, 1, 2, 1});
    MetadataBuilder metadata;
    metadata.set("format", "pt").set("note", "a\"b\n\x7f");
    Path path = folder.path() / "model.safetensors";
    write(path, metadata, sample, {.format = Format::Safetensors});
    Checkpoint model = must(Checkpoint::open(path));
    expect_holds(model, sample);
    EXPECT_EQ(model.metadata().string_of("note"), "a\"b\n\x7f");
    std::string bytes = must(read_file(path, 1'000'000));
    EXPECT_EQ(bytes[0] % 8, 0);  // so the data begin at a multiple of 8
}

TEST(Writer, ShardsSafetensors) {
    TemporaryFolder folder;
    Sample sample = odd_sizes();
    auto written = write(folder.path() / "model.safetensors", {}, sample,
                         {.format = Format::Safetensors, .file_bytes_max = 120});
    ASSERT_EQ(written.size(), 4u);
    EXPECT_EQ(written[0].filename(), "model-00001-of-00003.safetensors");
    EXPECT_EQ(written[3].filename(), "model.safetensors.index.json");
    expect_holds(must(Checkpoint::open(folder.path())), sample);
}

TEST(Writer, TakesATensorInPieces) {
    TemporaryFolder folder;
    Sample sample = odd_sizes();
    Path path = folder.path() / "m.gguf";
    auto writer = must(CheckpointWriter::create(path, {}, sample.plans));
    for (const std::string& data : sample.data)
        for (size_t i = 0; i < data.size(); i += 5)
            must(writer.append(as_bytes(std::string_view(data).substr(i, 5))));
    must(writer.finish());
    expect_holds(must(Checkpoint::open(path)), sample);
    expect_refused(writer.finish(), Code::Usage, "already ended");
}

TEST(Writer, LeavesNothingBehindWhenItBreaksOff) {
    TemporaryFolder folder;
    Sample sample = odd_sizes();
    Path path = folder.path() / "m.gguf";
    {
        auto writer =
            must(CheckpointWriter::create(path, {}, sample.plans, {.file_bytes_max = 60}));
        must(writer.append(as_bytes(sample.data[0])));
        expect_refused(writer.finish(), Code::Usage, "tensor 'scalar' lacks 4 bytes");
        expect_refused(writer.append(as_bytes(sample.data[0])), Code::Usage,
                       "42 bytes are more than tensor 'scalar' still takes");
        expect_refused(writer.append(as_bytes(sample.data[1])), Code::Usage, "already ended");
        expect_refused(writer.finish(), Code::Usage, "already ended");
        EXPECT_GT(files_in(folder.path()), 0u);
    }
    EXPECT_EQ(files_in(folder.path()), 0u);
    {
        auto writer = must(CheckpointWriter::create(path, {}, {}));
        expect_refused(writer.append(as_bytes("x")), Code::Usage, "the planned tensors take");
    }
    EXPECT_EQ(files_in(folder.path()), 0u);
}

TEST(Writer, RefusesWhatTheFormatCannotHold) {
    TemporaryFolder folder;
    auto plan = [&](WriteOptions options, TensorPlan tensor, const MetadataBuilder& metadata = {}) {
        return CheckpointWriter::create(folder.path() / "m", metadata, {tensor, {"b", f32, {1}}},
                                        options);
    };
    WriteOptions gguf, safe{.format = Format::Safetensors};
    const DType* q4_1 = dtype_named("q4_1");
    ASSERT_NE(q4_1, nullptr);
    expect_refused(plan(gguf, {"b", f32, {1}}), Code::Usage, "tensor 'b' is planned twice");
    expect_refused(plan(gguf, {std::string(64, 'n'), f32, {1}}), Code::Usage, "at most 63 bytes");
    expect_refused(plan(gguf, {"a", f32, {0}}), Code::Usage, "no empty tensor");
    expect_refused(plan(gguf, {"a", f32, {1, 1, 1, 1, 1}}), Code::Usage, "allows 4 dimensions");
    expect_refused(plan(gguf, {"a", q4_1, {2, 16}}), Code::Usage, "rows of 16 values");
    expect_refused(plan(gguf, {"a", f32, {uint64_t{1} << 62}}), Code::Usage,
                   "cannot have the shape");
    expect_refused(plan(gguf, {"a", f32, {uint64_t{1} << 44}}), Code::NoFit, "are free there");
    expect_refused(plan({.alignment = 24}, {"a", f32, {1}}), Code::Usage, "an alignment of 24");
    expect_refused(plan(safe, {"a", q4_1, {32}}), Code::Usage, "no number format q4_1");
    expect_refused(plan(safe, {"__metadata__", f32, {1}}), Code::Usage, "not a name");
    MetadataBuilder number;
    number.set("n", 1);
    expect_refused(plan(safe, {"a", f32, {1}}, number), Code::Usage, "'n' is int32");
    MetadataBuilder unnamed;
    unnamed.set("", 1);
    expect_refused(plan(gguf, {"a", f32, {1}}, unnamed), Code::Usage, "is empty");
    EXPECT_EQ(files_in(folder.path()), 0u);
    expect_refused(CheckpointWriter::create(folder.path() / "none/m.gguf", {}, {}), Code::NotFound,
                   "none/m.gguf");
}

TEST(Writer, BuilderReplacesAndErases) {
    MetadataBuilder builder = every_kind();
    builder.set("u8", "text now").erase("yes");
    EXPECT_EQ(builder.find("u8")->as_string(), "text now");
    EXPECT_EQ(builder.find("yes"), std::nullopt);
    EXPECT_EQ(builder.entries()[1].key, "u8");  // in its place
    MetadataBuilder copy = builder;
    builder.set("u8", 1);
    EXPECT_EQ(copy.find("u8")->as_string(), "text now");
}

RC_GTEST_PROP(Writer, AnyMixOfTensorsComesBack, ()) {
    TemporaryFolder folder;
    Rng rng(*rc::gen::arbitrary<uint64_t>());
    bool safe = *rc::gen::arbitrary<bool>();
    auto count = *rc::gen::inRange<size_t>(0, 12);
    WriteOptions options{.format = safe ? Format::Safetensors : Format::Gguf,
                         .file_bytes_max = *rc::gen::element<uint64_t>(0, 1, 100, 1000),
                         .alignment = *rc::gen::element<uint32_t>(1, 8, 32, 64)};
    Sample sample;
    for (size_t i = 0; i < count; i++) {
        std::vector<uint64_t> dims(rng.below(5));
        for (uint64_t& dim : dims) dim = 1 + rng.below(6);
        sample.add(rng, cat("t", i), rng.below(2) ? f32 : f16,
                   Shape(std::span<const uint64_t>(dims)));
    }
    auto written = write(folder.path() / "m.x", {}, sample, options);
    RC_ASSERT(files_in(folder.path()) == written.size());
    Checkpoint model = must(Checkpoint::open(written.back()));
    RC_ASSERT(model.tensors().size() == count);
    for (size_t i = 0; i < count; i++)
        RC_ASSERT(as_text(model.tensors()[i].data) == sample.data[i]);
}

}  // namespace
}  // namespace linnet
