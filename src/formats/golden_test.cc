// Against files that the packages `gguf` and `safetensors` wrote (tests/golden/make_formats.py):
// they read as what they hold, and what is written of the same content has the same bytes.
#include <gtest/gtest.h>

#include "base/testing/data.h"
#include "base/testing/result.h"
#include "base/testing/temporary.h"
#include "formats/writer.h"

namespace linnet {
namespace {

using testing::must;

Path golden(std::string_view name) {
    return testing::source_folder() / "tests/golden/formats" / name;
}

std::string content(const Path& path) {
    return must(read_file(path, 1'000'000));
}

std::string pattern(size_t bytes) {
    std::string out(bytes, '\0');
    for (size_t i = 0; i < bytes; i++) out[i] = static_cast<char>(i * 37 % 251);
    return out;
}

// The metadata that make_formats.py adds.
MetadataBuilder every_kind() {
    MetadataBuilder out;
    std::vector<std::string> words{"a", "", "ccc"};
    std::vector<int32_t> numbers{1, -2, 3};
    std::vector<float> floats{0.5f, -1.0f};
    out.set("general.architecture", "llama");
    out.set("u8", uint8_t{7}).set("i8", int8_t{-7});
    out.set("u16", uint16_t{60000}).set("i16", int16_t{-300});
    out.set("u32", uint32_t{4000000000}).set("i32", int32_t{-70000});
    out.set("f32", 0.25f).set("u64", ~uint64_t{0}).set("i64", int64_t{-5000000000});
    out.set("f64", 0.1).set("yes", true).set("text", "héllo");
    out.set_array("words", std::span<const std::string>(words));
    out.set_array("numbers", std::span<const int32_t>(numbers));
    out.set_array("floats", std::span<const float>(floats));
    std::string flags = "\1";
    flags += '\0';
    Reader reader(as_bytes(flags));
    out.set("flags", must(Array::read(reader, ValueType::Bool, 2)));
    return out;
}

struct Sample {
    std::vector<TensorPlan> plans;
    void expect_in(const Checkpoint& model) const {
        ASSERT_EQ(model.tensors().size(), plans.size());
        for (const TensorPlan& plan : plans) {
            const Tensor* tensor = model.find(plan.name);
            ASSERT_NE(tensor, nullptr) << plan.name;
            EXPECT_EQ(tensor->dtype, plan.dtype) << plan.name;
            EXPECT_EQ(tensor->shape, plan.shape) << plan.name;
            if (plan.name != "scalar") {
                EXPECT_EQ(as_text(tensor->data), pattern(tensor->data.size())) << plan.name;
            }
        }
    }
};

const Sample gguf_sample{{{"token_embd.weight", dtype_named("f16"), {3, 7}},
                          {"cube", dtype_named("f32"), {2, 3, 5}},
                          {"blk.0.ffn_up.weight", dtype_named("q4_0"), {4, 64}},
                          {"vector", dtype_named("f32"), {17}}}};
const Sample safetensors_sample{{{"cube", dtype_named("f32"), {2, 3, 5}},
                                 {"scalar", dtype_named("f32"), {}},
                                 {"embed", dtype_named("f16"), {3, 7}}}};

void expect_same_metadata(const Checkpoint& model) {
    MetadataBuilder expected = every_kind();
    for (const Metadata::Entry& ours : expected.entries()) {
        const Value* theirs = model.metadata().find(ours.key);
        ASSERT_NE(theirs, nullptr) << ours.key;
        EXPECT_EQ(theirs->type(), ours.value.type()) << ours.key;
    }
    const Metadata& data = model.metadata();
    EXPECT_EQ(data.uint_of("u64"), ~uint64_t{0});
    EXPECT_EQ(data.string_of("text"), "héllo");
    EXPECT_EQ(data.double_of("f64"), 0.1);
    EXPECT_EQ(data.array_of("words")->to<std::string_view>(),
              (std::vector<std::string_view>{"a", "", "ccc"}));
    EXPECT_EQ(data.array_of("flags")->to<bool>(), (std::vector<bool>{true, false}));
}

TEST(Golden, ReadsWhatTheirPackagesWrite) {
    for (const char* name : {"whole.gguf", "aligned.gguf", "split-00002-of-00002.gguf"}) {
        Checkpoint model = must(Checkpoint::open(golden(name)));
        gguf_sample.expect_in(model);
        expect_same_metadata(model);
    }
    Checkpoint model = must(Checkpoint::open(golden("model.safetensors")));
    safetensors_sample.expect_in(model);
    EXPECT_EQ(model.metadata().string_of("format"), "pt");
    float half = 0;
    std::memcpy(&half, model.find("scalar")->data.data(), 4);
    EXPECT_EQ(half, 0.5f);
}

TEST(Golden, WritesTheSameBytes) {
    testing::TemporaryFolder folder;
    auto rewrite = [&](const char* from, const MetadataBuilder& metadata, const char* to,
                       WriteOptions options) {
        Checkpoint model = must(Checkpoint::open(golden(from)));
        return must(write_checkpoint(folder.path() / to, metadata, model.tensors(), options));
    };
    rewrite("whole.gguf", every_kind(), "whole.gguf", {});
    rewrite("whole.gguf", every_kind(), "aligned.gguf", {.alignment = 64});
    rewrite("whole.gguf", every_kind(), "split.gguf", {.file_bytes_max = 220});
    MetadataBuilder format;
    format.set("format", "pt");
    rewrite("model.safetensors", format, "model.safetensors", {.format = Format::Safetensors});
    for (const char* name : {"whole.gguf", "aligned.gguf", "split-00001-of-00002.gguf",
                             "split-00002-of-00002.gguf", "model.safetensors"})
        EXPECT_EQ(content(folder.path() / name), content(golden(name))) << name;
}

TEST(Golden, CopiesMetadataByteForByte) {
    testing::TemporaryFolder folder;
    Path copy = folder.path() / "copy.gguf";
    for (const char* name : {"whole.gguf", "aligned.gguf"}) {
        Checkpoint model = must(Checkpoint::open(golden(name)));
        auto alignment = model.metadata().uint_of("general.alignment").value_or(32);
        must(write_checkpoint(copy, MetadataBuilder(model.metadata()), model.tensors(),
                              {.alignment = static_cast<uint32_t>(alignment)}));
        EXPECT_EQ(content(copy), content(golden(name))) << name;
    }
}

}  // namespace
}  // namespace linnet
