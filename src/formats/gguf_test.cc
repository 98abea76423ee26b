#include <gtest/gtest.h>

#include "base/testing/result.h"
#include "formats/checkpoint.h"
#include "formats/part.h"
#include "formats/testing/gguf_bytes.h"

namespace linnet {
namespace {

using testing::expect_refused;
using testing::GgufBytes;
using testing::must;
using testing::raw;

constexpr uint32_t f32 = 0, f16 = 1;

// Two tensors and some metadata.
GgufBytes small(uint32_t version = 3) {
    GgufBytes file(version);
    file.text("general.architecture", "llama").number("llama.block_count", 2);
    file.tensor("a", {4, 2}, f32, 0).tensor("b", {8}, f16, 32).data(32 + 16, 'x');
    return file;
}

TEST(Gguf, ReadsEveryVersion) {
    for (uint32_t version : {1u, 2u, 3u}) {
        std::string bytes = small(version).build();
        Part part = must(read_gguf(as_bytes(bytes)));
        EXPECT_EQ(part.version, version);
        EXPECT_EQ(part.metadata.string_of("general.architecture"), "llama");
        EXPECT_EQ(part.metadata.uint_of("llama.block_count"), 2u);
        ASSERT_EQ(part.tensors.size(), 2u);
        const Tensor& a = part.tensors[0];
        EXPECT_EQ(a.name, "a");
        EXPECT_EQ(a.shape, (Shape{2, 4}));  // outermost first
        EXPECT_EQ(a.values, 8u);
        EXPECT_EQ(a.dtype->name, "f32");
        EXPECT_EQ(as_text(a.data), std::string(32, 'x'));
        EXPECT_EQ(part.tensors[1].data.data(), a.data.data() + 32);
        EXPECT_EQ(part.tensors[1].data.size(), 16u);
    }
}

TEST(Gguf, KeepsEveryTypeOfValue) {
    GgufBytes file;
    file.entry("u8", 0, raw(uint8_t{200})).entry("i8", 1, raw(int8_t{-3}));
    file.entry("u16", 2, raw(uint16_t{60000})).entry("i16", 3, raw(int16_t{-300}));
    file.entry("u32", 4, raw(uint32_t{4000000000})).entry("i32", 5, raw(int32_t{-70000}));
    file.entry("f32", 6, raw(0.5f)).entry("yes", 7, raw(uint8_t{1}));
    file.text("text", "hé").entry("u64", 10, raw(~uint64_t{0}));
    file.entry("i64", 11, raw(int64_t{-5'000'000'000})).entry("f64", 12, raw(0.1));
    std::string bytes = file.build();
    Part part = must(read_gguf(as_bytes(bytes)));
    const Metadata& data = part.metadata;
    EXPECT_EQ(data.uint_of("u8"), 200u);
    EXPECT_EQ(data.int_of("i8"), -3);
    EXPECT_EQ(data.uint_of("i8"), std::nullopt);
    EXPECT_EQ(data.uint_of("u16"), 60000u);
    EXPECT_EQ(data.int_of("i16"), -300);
    EXPECT_EQ(data.uint_of("u32"), 4000000000u);
    EXPECT_EQ(data.int_of("i32"), -70000);
    EXPECT_EQ(data.double_of("i32"), -70000.0);
    EXPECT_EQ(data.double_of("f32"), 0.5);
    EXPECT_EQ(data.uint_of("f32"), std::nullopt);
    EXPECT_EQ(data.bool_of("yes"), true);
    EXPECT_EQ(data.uint_of("yes"), std::nullopt);
    EXPECT_EQ(data.string_of("text"), "hé");
    EXPECT_EQ(data.uint_of("u64"), ~uint64_t{0});
    EXPECT_EQ(data.int_of("u64"), std::nullopt);
    EXPECT_EQ(data.double_of("u64"), std::nullopt);  // not exactly a double
    EXPECT_EQ(data.int_of("i64"), -5'000'000'000);
    EXPECT_EQ(data.double_of("f64"), 0.1);
    EXPECT_EQ(data.find("none"), nullptr);
}

TEST(Gguf, IteratesArraysWhereTheyLie) {
    for (uint32_t version : {1u, 3u}) {
        GgufBytes file(version);
        file.array("words", ValueType::String, 3,
                   file.string("a") + file.string("") + file.string("ccc"));
        file.array("numbers", ValueType::Int16, 3,
                   raw(int16_t{1}) + raw(int16_t{-2}) + raw(int16_t{3}));
        file.array("empty", ValueType::Float32, 0, "");
        std::string inner = raw(uint32_t{0}) + file.length(2) + "\1\2";
        std::string strings = raw(uint32_t{8}) + file.length(1) + file.string("deep");
        file.array("nested", ValueType::Array, 2, inner + strings);
        std::string bytes = file.build();
        Part part = must(read_gguf(as_bytes(bytes)));
        const Metadata& data = part.metadata;

        auto words = data.array_of("words")->to<std::string_view>();
        EXPECT_EQ(words, (std::vector<std::string_view>{"a", "", "ccc"}));
        auto numbers = *data.array_of("numbers");
        EXPECT_EQ(numbers.to<int>(), (std::vector<int>{1, -2, 3}));
        EXPECT_EQ(numbers.to<unsigned>(), std::nullopt);  // -2 is none
        EXPECT_EQ(numbers.to<std::string_view>(), std::nullopt);
        EXPECT_EQ(numbers[2].as_int(), 3);
        EXPECT_EQ(data.array_of("empty")->to<float>(), std::vector<float>{});
        EXPECT_EQ(data.string_of("words"), std::nullopt);

        auto nested = data.array_of("nested")->begin();
        EXPECT_EQ((*nested).as_array()->to<int>(), (std::vector<int>{1, 2}));
        ++nested;
        EXPECT_EQ((*nested).as_array()->to<std::string_view>(),
                  (std::vector<std::string_view>{"deep"}));
        ++nested;
        EXPECT_TRUE(nested == data.array_of("nested")->end());
    }
}

TEST(Gguf, RefusesWhatIsNoGguf) {
    auto read = [](const std::string& bytes) { return read_gguf(as_bytes(bytes)); };
    std::string good = small().build();
    expect_refused(read(""), Code::BadInput, "the file ends within the 4 bytes at offset 0");
    expect_refused(read("GGUF"), Code::BadInput, "the file ends within the 4 bytes at offset 4");
    expect_refused(read("GGML" + good.substr(4)), Code::BadInput, "letters GGUF");
    expect_refused(read(small(0).build()), Code::BadInput, "version 0");
    expect_refused(read(small(4).build()), Code::Unsupported, "version 4");
    expect_refused(read(small(0x03000000).build()), Code::Unsupported, "big-endian");
}

TEST(Gguf, RefusesEveryTruncation) {
    std::string good = small().build();
    for (size_t length = 0; length < good.size(); length++) {
        std::string cut = good.substr(0, length);
        EXPECT_FALSE(read_gguf(as_bytes(cut))) << length;
    }
}

// Adds something wrong to a file; the refusal must say so.
void expect_bad(const GgufBytes& file, std::string_view part, Code code = Code::BadInput) {
    std::string bytes = file.build();
    expect_refused(read_gguf(as_bytes(bytes)), code, part, part);
}

TEST(Gguf, RefusesBadCounts) {
    GgufBytes file = small();
    file.claimed_tensors = tensors_max + 1;
    expect_bad(file, "it claims 131073 tensors");
    file.claimed_tensors = 100;
    expect_bad(file, "cannot be right");
    file = small();
    file.claimed_entries = ~uint64_t{0};
    expect_bad(file, "it claims 18446744073709551615 key/values");
    file.claimed_entries = entries_max;
    expect_bad(file, "a count of 65536 at offset 24 cannot be right");
    expect_bad(GgufBytes().array("a", ValueType::Float64, uint64_t{1} << 61, ""),
               "the value of 'a': a count of 2305843009213693952");
    expect_bad(GgufBytes().array("a", ValueType::String, 9, std::string(8, '\0')), "a count of 9");
    expect_bad(GgufBytes().array("a", ValueType::Array, uint64_t{1} << 60, ""), "a count of");
}

TEST(Gguf, RefusesBadMetadata) {
    expect_bad(small().number("llama.block_count", 3), "'llama.block_count' occurs twice");
    expect_bad(small().entry("", 4, raw(1u)), "is empty");
    expect_bad(small().entry("\xff\xfe", 4, raw(1u)), "is not UTF-8");
    expect_bad(small().entry(std::string(65536, 'k'), 4, raw(1u)), "a key of 65536 bytes");
    expect_bad(small().entry("k", 13, raw(1u)),
               "the value of 'k': no value type has the number 13");
    expect_bad(small().entry("k", 7, "\2"), "a bool is neither 0 nor 1 but 2");
    expect_bad(small().array("k", ValueType::Bool, 2, std::string("\1\7")), "but 7");
    expect_bad(small().array("k", static_cast<ValueType>(99), 1, "x"), "has the number 99");
    expect_bad(small().entry("k", 8, raw(uint64_t{1} << 40)), "the file ends within");
    std::string nested;  // five arrays, each the only item of the one before
    for (int i = 0; i < 4; i++) nested += raw(uint32_t{9}) + raw(uint64_t{1});
    expect_bad(
        small().array("k", ValueType::Array, 1, nested + raw(uint32_t{0}) + raw(uint64_t{0})),
        "nested deeper than 4");
}

TEST(Gguf, RefusesBadAlignment) {
    for (uint32_t bad : {0u, 3u, 48u, 1u << 17, 1u << 31})
        expect_bad(small().number("general.alignment", bad), "not a power of two");
    expect_bad(small().text("general.alignment", "32"), "of type string");
    std::string bytes =
        GgufBytes().number("general.alignment", 64).tensor("a", {8}, f32, 64).data(96).build(64);
    Part part = must(read_gguf(as_bytes(bytes)));
    EXPECT_EQ(part.tensors[0].data.data(), as_bytes(bytes).data() + bytes.size() - 32);
}

TEST(Gguf, RefusesBadTensors) {
    auto one = [](const std::vector<uint64_t>& dims, uint32_t type, uint64_t offset) {
        return GgufBytes().tensor("x", dims, type, offset).data(128);
    };
    expect_bad(one({1, 1, 1, 1, 1}, f32, 0), "tensor 'x' has 5 dimensions");
    expect_bad(one({4, 0}, f32, 0), "tensor 'x' has a dimension of 0");
    expect_bad(one({uint64_t{1} << 33, uint64_t{1} << 33}, f32, 0), "more values than 64 bits");
    expect_bad(one({uint64_t{1} << 62}, f32, 0), "ends beyond the file");
    expect_bad(one({33}, f32, 0), "ends beyond the file");
    expect_bad(one({4}, f32, ~uint64_t{0} - 31), "ends beyond the file");
    expect_bad(one({4}, f32, 8), "not a multiple of the alignment 32");
    expect_bad(one({4}, f32, 128), "ends beyond the file");
    expect_bad(one({4}, 4, 0), "the number format 4, which was removed", Code::Unsupported);
    expect_bad(one({4}, 31, 0), "31, which was removed", Code::Unsupported);
    expect_bad(one({4}, 1000, 0), "tensor 'x' has the number format 1000, which this build",
               Code::Unsupported);
    expect_bad(GgufBytes().tensor(std::string(1025, 'n'), {4}, f32, 0).data(16), "1025 bytes");
    expect_bad(GgufBytes().tensor("\xc3\x28", {4}, f32, 0).data(16), "not UTF-8");
    expect_bad(GgufBytes().tensor("a", {16}, f32, 0).tensor("b", {8}, f32, 32).data(64),
               "tensor 'a' and tensor 'b' overlap");
}

TEST(Gguf, RefusesRowsThatAreNoWholeBlocks) {
    for (const DType& dtype : dtypes()) {
        if (dtype.block_values == 1 || dtype.ggml_id == no_ggml_id) continue;
        uint64_t half = dtype.block_values / 2;  // two rows of half a block are one block
        expect_bad(GgufBytes().tensor("x", {half, 2}, dtype.ggml_id, 0).data(dtype.block_bytes),
                   "not a multiple of the");
    }
}

TEST(Gguf, EscapesNamesInErrors) {
    std::string bytes = GgufBytes().tensor("\x1b[2J", {5}, f32, 0).data(4).build();
    auto part = read_gguf(as_bytes(bytes));
    ASSERT_FALSE(part);
    EXPECT_EQ(part.error().what.find('\x1b'), std::string::npos);
}

}  // namespace
}  // namespace linnet
