// One file for each way in which a model file has broken a program before (tests/fuzz/
// make_corpus.py writes them): each is refused with the right code and a sentence that names the
// cause.
#include <gtest/gtest.h>

#include <map>

#include "base/testing/data.h"
#include "base/testing/result.h"
#include "formats/checkpoint.h"
#include "formats/testing/touch.h"

namespace linnet {
namespace {

struct Refusal {
    Code code;
    std::string_view says;
};
constexpr Code broken = Code::BadInput, unsupported = Code::Unsupported;

// clang-format off
const std::map<std::string, Refusal> gguf_refusals = {
    {"empty", {broken, "is empty"}},
    {"four-bytes", {broken, "the file ends within the 4 bytes at offset 4"}},
    {"cut-in-counts", {broken, "the file ends within the 8 bytes at offset 16 (4 are left)"}},
    {"cut-in-metadata", {broken, "only 76 bytes are left"}},
    {"cut-in-data", {broken, "tensor 'blk.0.attn_q.weight' (8 x 32 q4_0 at 1024) ends beyond the file"}},
    {"version-0", {broken, "GGUF version 0, which does not exist"}},
    {"version-9", {unsupported, "GGUF version 9; versions 1 to 3 are read"}},
    {"big-endian", {unsupported, "a big-endian GGUF file"}},
    {"tensor-count-overflow", {broken, "it claims 2305843009213693952 tensors; at most"}},
    {"tensor-count-beyond-file", {broken, "a count of 1000 at offset 24 cannot be right: only 0 bytes"}},
    {"entry-count-overflow", {broken, "it claims 384307168202282326 key/values; at most"}},
    {"entry-count-beyond-file", {broken, "a count of 60000 at offset 24 cannot be right"}},
    {"key-length-overflow", {broken, "a key of 18446744073709551615 bytes"}},
    {"string-length-overflow", {broken, "'k': the file ends within the 18446744073709551615 bytes"}},
    {"string-length-beyond-file", {broken, "'k': the file ends within the 1048576 bytes"}},
    {"array-count-overflow", {broken, "'k': a count of 2305843009213693953"}},
    {"array-strings-overflow", {broken, "'k': a count of 2305843009213693953"}},
    {"array-strings-unbounded", {broken, "'k': a count of 4294967296 at offset 49 cannot be right"}},
    {"array-string-beyond-file", {broken, "'k': the file ends within the 18446744073709551615 bytes"}},
    {"array-nested-deep", {broken, "'k': arrays are nested deeper than 4"}},
    {"value-type", {broken, "'k': no value type has the number 13"}},
    {"item-type", {broken, "'k': no value type has the number 4294967295"}},
    {"bool-2", {broken, "'k': a bool is neither 0 nor 1 but 2"}},
    {"key-empty", {broken, "a key at offset 32 is empty"}},
    {"key-not-utf8", {broken, "a key at offset 32 is not UTF-8"}},
    {"key-twice", {broken, "the key 'k' occurs twice"}},
    {"alignment-2-31", {broken, "general.alignment is 2147483648, not a power of two up to 65536"}},
    {"alignment-0", {broken, "general.alignment is 0, not a power of two"}},
    {"alignment-odd", {broken, "general.alignment is 33, not a power of two"}},
    {"alignment-of-strings", {broken, "general.alignment is of type array"}},
    {"dims-count", {broken, "tensor 'x' has 5 dimensions; GGUF allows 4"}},
    {"dims-count-huge", {broken, "tensor 'x' has 4294967295 dimensions"}},
    {"dim-0", {broken, "tensor 'x' has a dimension of 0"}},
    {"dim-product-overflow", {broken, "tensor 'x' has more values than 64 bits can count"}},
    {"dim-product-wraps-small", {broken, "tensor 'x' has more values than 64 bits can count"}},
    {"dim-negative", {broken, "tensor 'x' (18446744073709551615 f32 at 0) ends beyond the file"}},
    {"row-no-whole-blocks", {broken, "tensor 'x' has rows of 16 values, not a multiple of the 32"}},
    {"padded-size-wraps", {broken, "tensor 'x' (4611686018427387903 f32 at 0) ends beyond the file"}},
    {"type-removed", {unsupported, "tensor 'x' has the number format 4, which was removed"}},
    {"type-unknown", {unsupported, "tensor 'x' has the number format 2147483647"}},
    {"name-huge", {broken, "a tensor's name of 1025 bytes"}},
    {"name-not-utf8", {broken, "a tensor's name at offset 32 is not UTF-8"}},
    {"offset-beyond-file", {broken, "tensor 'x' (8 f32 at 1048576) ends beyond the file of 128 bytes"}},
    {"offset-wraps", {broken, "tensor 'x' (8 f32 at 18446744073709551584) ends beyond the file"}},
    {"offset-unaligned", {broken, "tensor 'x' begins at 4, not a multiple of the alignment 32"}},
    {"data-beyond-file", {broken, "tensor 'x' (17 f32 at 0) ends beyond the file of 128 bytes"}},
    {"tensors-overlap", {broken, "tensor 'a' and tensor 'b' overlap"}},
    {"tensors-share-data", {broken, "tensor 'a' and tensor 'b' overlap"}},
};

const std::map<std::string, Refusal> safetensors_refusals = {
    {"empty", {broken, "is empty"}},
    {"seven-bytes", {broken, "its first bytes are wrong"}},
    {"cut-in-header", {broken, "the file ends within the"}},
    {"cut-in-data", {broken, "tensor 'b' ends at 20, beyond the 19 bytes of data"}},
    {"header-huge", {broken, "a header of 18446744073709551615 bytes; at most 100000000"}},
    {"header-over-limit", {broken, "a header of 100000001 bytes; at most 100000000"}},
    {"header-beyond-file", {broken, "the file ends within the 1000 bytes at offset 8"}},
    {"header-empty", {broken, "its first bytes are wrong"}},
    {"header-array", {broken, "its first bytes are wrong"}},
    {"header-not-json", {broken, "not valid JSON at byte 5 (a value is due)"}},
    {"header-not-utf8", {broken, "a string is not UTF-8"}},
    {"header-half-surrogate", {broken, "half of a surrogate pair"}},
    {"header-deep", {broken, "nested too deep"}},
    {"header-followed-by-text", {broken, "text after the end"}},
    {"metadata-number", {broken, "the text of 'a' is missing or of the wrong kind"}},
    {"metadata-twice", {broken, "__metadata__ occurs twice"}},
    {"metadata-key-twice", {broken, "the key 'a' occurs twice"}},
    {"fields-missing", {broken, "tensor 'x' lacks its dtype, shape or data_offsets"}},
    {"field-twice", {broken, "tensor 'x' has the field 'shape' twice"}},
    {"dtype-unknown", {unsupported, "tensor 'x' has the number format 'F99'"}},
    {"dtype-number", {broken, "the dtype of tensor 'x' is missing or of the wrong kind"}},
    {"shape-overflow", {broken, "tensor 'x' has an impossible shape: 4294967296 x 4294967296"}},
    {"shape-bytes-overflow", {broken, "tensor 'x' has an impossible shape: 4611686018427387904"}},
    {"shape-negative", {broken, "the shape of tensor 'x' is not of whole numbers"}},
    {"shape-fraction", {broken, "the shape of tensor 'x' is not of whole numbers"}},
    {"shape-many-dims", {unsupported, "tensor 'x' has more than 8 dimensions"}},
    {"shape-against-size", {broken, "tensor 'x' (3 f32) needs 12 bytes, but has 8"}},
    {"offsets-backwards", {broken, "the data_offsets of tensor 'x' run backwards: 8 to 0"}},
    {"offsets-beyond-file", {broken, "tensor 'x' ends at 9, beyond the 8 bytes of data"}},
    {"offsets-overflow", {broken, "the data_offsets of tensor 'x' are not whole numbers"}},
    {"offsets-three", {broken, "the data_offsets of tensor 'x' is missing or of the wrong kind"}},
    {"tensors-overlap", {broken, "tensor 'a' and tensor 'b' overlap"}},
    {"hole", {broken, "a hole of 4 bytes lies before tensor 'b'"}},
    {"trailing-bytes", {broken, "bytes after the last tensor belong to none"}},
};
// clang-format on

// Opens every file of a folder: good-* loads, bad-* is refused as the table says, and the table
// and the folder name the same files.
void check_folder(const Path& folder, const std::map<std::string, Refusal>& refusals) {
    size_t good = 0, bad = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        std::string name = entry.path().stem().string();
        auto model = Checkpoint::open(entry.path());
        if (name.starts_with("good-")) {
            good++;
            ASSERT_TRUE(model) << name << ": " << model.error().what;
            testing::touch(*model);
            continue;
        }
        ASSERT_TRUE(name.starts_with("bad-")) << name;
        auto expected = refusals.find(name.substr(4));
        ASSERT_NE(expected, refusals.end()) << name;
        testing::expect_refused(model, expected->second.code, expected->second.says, name);
        bad++;
    }
    EXPECT_GT(good, 0u);
    EXPECT_EQ(bad, refusals.size());
}

TEST(Regression, Gguf) {
    check_folder(testing::source_folder() / "tests/fuzz/gguf_fuzz", gguf_refusals);
}

TEST(Regression, Safetensors) {
    check_folder(testing::source_folder() / "tests/fuzz/safetensors_fuzz", safetensors_refusals);
}

// What loads may still hold values of the wrong type or size: they are only handed out as what
// they are.
TEST(Regression, ValuesOfTheWrongTypeAreNotConverted) {
    Path folder = testing::source_folder() / "tests/fuzz/gguf_fuzz";
    auto model = testing::must(Checkpoint::open(folder / "good-tokens-of-wrong-type.gguf"));
    auto tokens = model.metadata().array_of("tokenizer.ggml.tokens");
    ASSERT_TRUE(tokens);
    EXPECT_EQ(tokens->to<std::string_view>(), std::nullopt);
    EXPECT_EQ(model.metadata().string_of("tokenizer.ggml.tokens"), std::nullopt);
}

}  // namespace
}  // namespace linnet
