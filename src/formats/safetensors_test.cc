#include <gtest/gtest.h>

#include "base/testing/result.h"
#include "formats/part.h"
#include "formats/testing/gguf_bytes.h"

namespace linnet {
namespace {

using testing::expect_refused;
using testing::must;

std::string file_of(const std::string& header, uint64_t data_bytes) {
    return testing::raw(uint64_t{header.size()}) + header + std::string(data_bytes, '\1');
}

TEST(Safetensors, ReadsTensorsAndMetadata) {
    std::string bytes = file_of(
        R"({"__metadata__": {"format": "pt", "note": "a\nb"},
            "w\u00e9": {"dtype": "BF16", "shape": [2, 3], "data_offsets": [4, 16], "extra": [{}]},
            "scalar": {"shape": [], "data_offsets": [0, 4], "dtype": "F32"},
            "none": {"dtype": "F32", "shape": [0, 7], "data_offsets": [16, 16]}}   )",
        16);
    Part part = must(read_safetensors(as_bytes(bytes)));
    EXPECT_EQ(part.metadata.string_of("format"), "pt");
    EXPECT_EQ(part.metadata.string_of("note"), "a\nb");
    ASSERT_EQ(part.tensors.size(), 3u);
    EXPECT_EQ(part.tensors[0].name, "wé");
    EXPECT_EQ(part.tensors[0].shape, (Shape{2, 3}));
    EXPECT_EQ(part.tensors[0].data.size(), 12u);
    EXPECT_EQ(part.tensors[1].values, 1u);
    EXPECT_EQ(part.tensors[1].data.data() + 4, part.tensors[0].data.data());
    EXPECT_EQ(part.tensors[2].values, 0u);
    EXPECT_TRUE(part.tensors[2].data.empty());
}

TEST(Safetensors, RefusesBadHeaders) {
    auto read = [](const std::string& bytes) { return read_safetensors(as_bytes(bytes)); };
    expect_refused(read("\1\2\3"), Code::BadInput, "the file ends within the 8 bytes at offset 0");
    expect_refused(read(testing::raw(uint64_t{100'000'001})), Code::BadInput,
                   "a header of 100000001 bytes");
    expect_refused(read(testing::raw(uint64_t{9}) + "{}"), Code::BadInput, "the file ends within");
    expect_refused(read(file_of("[]", 0)), Code::BadInput, "not a JSON object");
    expect_refused(read(file_of("", 0)), Code::BadInput, "not a JSON object");
    expect_refused(read(file_of("{", 0)), Code::BadInput, "not valid JSON at byte 1");
    expect_refused(read(file_of("{} x", 0)), Code::BadInput, "text after the end");
    expect_refused(read(file_of("{\"a\": \"\xff\"}", 0)), Code::BadInput, "a string is not UTF-8");
    std::string deep = R"({"a": {"x": )" + std::string(20, '[') + std::string(20, ']') + "}}";
    expect_refused(read(file_of(deep, 0)), Code::BadInput, "nested too deep");
    EXPECT_TRUE(read(file_of("{}", 0)));
}

// A file whose one tensor 'x' has these fields, and 8 bytes of data.
void expect_bad(const std::string& fields, std::string_view part, Code code = Code::BadInput) {
    std::string bytes = file_of(R"({"x": {)" + fields + "}}", 8);
    expect_refused(read_safetensors(as_bytes(bytes)), code, part, part);
}

TEST(Safetensors, RefusesBadTensors) {
    expect_bad(R"("shape": [2], "data_offsets": [0, 8])", "lacks its dtype, shape or data_offsets");
    expect_bad(R"("dtype": "F32", "dtype": "F32")", "has the field 'dtype' twice");
    expect_bad(R"("dtype": "F99", "shape": [2], "data_offsets": [0, 8])", "the number format 'F99'",
               Code::Unsupported);
    expect_bad(R"("dtype": 7)", "the dtype of tensor 'x' is missing or of the wrong kind");
    expect_bad(R"("dtype": "F32", "shape": [3], "data_offsets": [0, 8])",
               "needs 12 bytes, but has 8");
    expect_bad(R"("dtype": "F32", "shape": [4294967296, 4294967296, 4], "data_offsets": [0, 8])",
               "an impossible shape");
    expect_bad(R"("dtype": "F32", "shape": [4611686018427387904, 2], "data_offsets": [0, 8])",
               "an impossible shape");
    expect_bad(R"("shape": [-1])", "is not of whole numbers");
    expect_bad(R"("shape": [1.0])", "is not of whole numbers");
    expect_bad(R"("shape": ["1"])", "is not of whole numbers");
    expect_bad(R"("shape": [99999999999999999999])", "is not of whole numbers");
    expect_bad(R"("shape": [1,1,1,1,1,1,1,1,1])", "more than 8 dimensions", Code::Unsupported);
    expect_bad(R"("data_offsets": [8, 0])", "run backwards: 8 to 0");
    expect_bad(R"("data_offsets": [0, 9])", "ends at 9, beyond the 8 bytes");
    expect_bad(R"("data_offsets": [0])", "the data_offsets of tensor 'x'");
    expect_bad(R"("data_offsets": [0, 8, 9])", "the data_offsets of tensor 'x'");
    expect_bad(R"("data_offsets": [0, 18446744073709551616])", "are not whole numbers");
    expect_bad(R"("dtype": "F32", "shape": [1], "data_offsets": [4, 8])",
               "a hole of 4 bytes lies before tensor 'x'");
    expect_bad(R"("dtype": "F32", "shape": [1], "data_offsets": [0, 4])",
               "4 bytes after the last tensor");
    expect_bad(R"("dtype": "F32", "shape": [2], "data_offsets": [0, 8]},
                  "y": {"dtype": "F32", "shape": [1], "data_offsets": [4, 8])",
               "tensor 'x' and tensor 'y' overlap");
}

TEST(Safetensors, RefusesBadMetadata) {
    auto with = [](const std::string& metadata) {
        return file_of(R"({"__metadata__": )" + metadata + "}", 0);
    };
    for (auto [metadata, part] : {std::pair{R"({"a": 1})", "the text of 'a'"},
                                  {R"({"a": "1", "a": "2"})", "the key 'a' occurs twice"},
                                  {R"([])", "the object of __metadata__"},
                                  {R"({}, "__metadata__": {})", "__metadata__ occurs twice"}}) {
        std::string bytes = with(metadata);
        expect_refused(read_safetensors(as_bytes(bytes)), Code::BadInput, part, metadata);
    }
}

TEST(Safetensors, BoundsCounts) {
    std::string header = "{\"__metadata__\": {";
    for (uint64_t i = 0; i <= entries_max; i++) header += cat(i ? "," : "", "\"", i, "\":\"\"");
    std::string bytes = file_of(header + "}}", 0);
    expect_refused(read_safetensors(as_bytes(bytes)), Code::BadInput, "more than 65536 entries");

    header = "{";
    for (uint64_t i = 0; i <= tensors_max; i++)
        header +=
            cat(i ? "," : "", "\"", i, R"(":{"dtype":"F32","shape":[0],"data_offsets":[0,0]})");
    bytes = file_of(header + "}", 0);
    expect_refused(read_safetensors(as_bytes(bytes)), Code::BadInput, "more than 131072 tensors");

    bytes = file_of("{\"" + std::string(1025, 'n') + "\": {}}", 0);
    expect_refused(read_safetensors(as_bytes(bytes)), Code::BadInput, "a tensor's name of 1025");
}

}  // namespace
}  // namespace linnet
