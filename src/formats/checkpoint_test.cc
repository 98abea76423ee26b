#include "formats/checkpoint.h"

#include <gtest/gtest.h>

#include <fstream>

#include "base/testing/result.h"
#include "base/testing/temporary.h"
#include "formats/part.h"
#include "formats/testing/gguf_bytes.h"
#include "formats/writer.h"

namespace linnet {
namespace {

using testing::expect_refused;
using testing::GgufBytes;
using testing::must;
using testing::TemporaryFolder;

constexpr uint32_t f32 = 0;

Path put(const Path& path, const std::string& bytes) {
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << bytes;
    return path;
}

std::string safetensors(const std::string& header, uint64_t data_bytes) {
    return testing::raw(uint64_t{header.size()}) + header + std::string(data_bytes, '\1');
}

// One float32 tensor of two values.
std::string shard(std::string_view tensor) {
    return safetensors(
        cat("{\"", tensor, R"(": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}})"), 8);
}

GgufBytes split_part(uint32_t place, uint32_t count, uint32_t tensors, std::string_view tensor) {
    GgufBytes file;
    file.number("split.no", place).number("split.count", count);
    file.number("split.tensors.count", tensors);
    return file.tensor(tensor, {8}, f32, 0).data(32);
}

TEST(Checkpoint, OpensOneFile) {
    TemporaryFolder folder;
    Path path =
        put(folder.path() / "m.gguf",
            GgufBytes().text("general.name", "m").tensor("a", {8}, f32, 0).data(32).build());
    Checkpoint opened = must(Checkpoint::open(path));
    Checkpoint copy = opened;  // shares the mapping
    EXPECT_EQ(copy.format(), Format::Gguf);
    EXPECT_EQ(copy.version(), 3u);
    EXPECT_EQ(copy.path(), path);
    EXPECT_EQ(copy.file_bytes(), std::filesystem::file_size(path));
    EXPECT_EQ(copy.metadata().string_of("general.name"), "m");
    ASSERT_NE(copy.find("a"), nullptr);
    EXPECT_EQ(copy.find("a"), &opened.tensors()[0]);
    EXPECT_EQ(copy.find("b"), nullptr);
    expect_refused(copy.document("config.json"), Code::NotFound, "config.json");
}

TEST(Checkpoint, RefusesTwoTensorsOfOneName) {
    TemporaryFolder folder;
    auto file = GgufBytes().tensor("a", {8}, f32, 0).tensor("a", {8}, f32, 32).data(64);
    expect_refused(Checkpoint::open(put(folder.path() / "m.gguf", file.build())), Code::BadInput,
                   "tensor 'a' occurs twice");
}

TEST(Checkpoint, OpensASplitModelByAnyPart) {
    TemporaryFolder folder;
    auto name = [&](int place) { return folder.path() / cat("m-0000", place, "-of-00003.gguf"); };
    put(name(1), split_part(0, 3, 3, "a").text("general.name", "m").build());
    put(name(2), split_part(1, 3, 3, "b").build());
    put(name(3), split_part(2, 3, 3, "c").build());
    for (const Path& path : {name(1), name(2), name(3), folder.path()}) {
        Checkpoint model = must(Checkpoint::open(path));
        ASSERT_EQ(model.tensors().size(), 3u);
        EXPECT_EQ(model.metadata().string_of("general.name"), "m");
        EXPECT_EQ(model.find("c")->file, 2u);
        EXPECT_EQ(model.path(), name(1));
        EXPECT_EQ(model.files().size(), 3u);
        EXPECT_EQ(model.file_bytes(),
                  3 * std::filesystem::file_size(name(2)) +
                      (std::filesystem::file_size(name(1)) - std::filesystem::file_size(name(2))));
    }
}

TEST(Checkpoint, RefusesAWrongSplit) {
    TemporaryFolder folder;
    auto name = [&](int place) { return folder.path() / cat("m-0000", place, "-of-00002.gguf"); };
    put(name(1), split_part(0, 2, 2, "a").build());
    expect_refused(Checkpoint::open(name(1)), Code::NotFound, "m-00002-of-00002.gguf is missing");
    put(name(2), split_part(0, 2, 2, "b").build());
    expect_refused(Checkpoint::open(name(1)), Code::BadInput,
                   "m-00002-of-00002.gguf does not say inside that it is part 2 of 2");
    put(name(2), split_part(1, 2, 2, "a").build());
    expect_refused(Checkpoint::open(name(1)), Code::BadInput, "tensor 'a' occurs twice");
    put(name(2), split_part(1, 2, 2, "b").tensor("c", {8}, f32, 0).build());
    EXPECT_FALSE(Checkpoint::open(name(1)));
    put(name(1), split_part(0, 2, 7, "a").build());
    put(name(2), split_part(1, 2, 7, "b").build());
    expect_refused(Checkpoint::open(name(1)), Code::BadInput, "hold 2 tensors, but should hold 7");
    expect_refused(
        Checkpoint::open(put(folder.path() / "x.gguf", split_part(0, 2, 2, "a").build())),
        Code::BadInput, "its name does not say which");
    expect_refused(
        Checkpoint::open(put(folder.path() / "y.gguf", split_part(0, 4000000000, 2, "a").build())),
        Code::BadInput, "its name does not say which");
}

TEST(Checkpoint, OpensAShardedFolder) {
    TemporaryFolder folder;
    put(folder.path() / "one.safetensors", shard("a"));
    put(folder.path() / "two.safetensors", shard("b"));
    Path index = put(folder.path() / "model.safetensors.index.json",
                     R"({"metadata": {"total_size": 16},
                         "weight_map": {"a": "one.safetensors", "b": "two.safetensors"}})");
    put(folder.path() / "config.json", R"({"model_type": "llama"})");
    for (const Path& path : {folder.path(), index}) {
        Checkpoint model = must(Checkpoint::open(path));
        EXPECT_EQ(model.format(), Format::Safetensors);
        ASSERT_EQ(model.tensors().size(), 2u);
        EXPECT_EQ(model.find("b")->file, 1u);
        EXPECT_TRUE(model.has_document("config.json"));
        EXPECT_EQ(must(model.document("config.json")).string_or("model_type", ""), "llama");
        expect_refused(model.document("tokenizer.json"), Code::NotFound, "tokenizer.json");
    }
    // As Python writes it.
    put(folder.path() / "config.json", R"({"a": [0.0, Infinity], "b": -Infinity, "c": "NaN \" NaN",
        "d": NaN, "e": 1})");
    Json config = must(must(Checkpoint::open(index)).document("config.json"));
    EXPECT_TRUE(config.find("a")->as_array()->at(1).is_null());
    EXPECT_TRUE(config.find("b")->is_null());
    EXPECT_EQ(config.string_or("c", ""), "NaN \" NaN");
    EXPECT_TRUE(config.find("d")->is_null());
    EXPECT_EQ(config.find("e")->as_uint(), 1u);
    put(folder.path() / "config.json", "{");
    expect_refused(must(Checkpoint::open(index)).document("config.json"), Code::BadInput,
                   "config.json: not valid JSON");
    std::string many = "[0";
    for (int i = 0; i < 250'000; i++) many += ",0";
    put(folder.path() / "config.json", many + "]");
    expect_refused(must(Checkpoint::open(index)).document("config.json"), Code::BadInput,
                   "more than 250000 values");
    put(folder.path() / "config.json", std::string(8'000'001, ' '));
    expect_refused(must(Checkpoint::open(index)).document("config.json"), Code::BadInput,
                   "larger than the 8.0 MB");
}

TEST(Checkpoint, RefusesABadIndex) {
    TemporaryFolder folder;
    Path secret = put(folder.path() / "outside.safetensors", shard("a"));
    Path model = folder.path() / "model";
    put(model / "one.safetensors", shard("a"));
    auto open = [&](const std::string& index) {
        return Checkpoint::open(put(model / "model.safetensors.index.json", index));
    };
    auto map = [](std::string_view file) {
        return cat(R"({"weight_map": {"a": ")", file, R"("}})");
    };
    EXPECT_TRUE(open(map("one.safetensors")));
    for (std::string bad :
         {"../outside.safetensors", "/etc/passwd", secret.c_str(), "..\\\\outside.safetensors",
          "one.safetensors\\u0000", "", "..", "config.json", "sub/one.safetensors"})
        expect_refused(open(map(bad)), Code::BadInput, "which is not a .safetensors file beside it",
                       bad);
    expect_refused(open(map("two.safetensors")), Code::NotFound, "two.safetensors is missing");
    expect_refused(open(R"({"weight_map": {"b": "one.safetensors"}})"), Code::BadInput,
                   "tensor 'b' is not in one.safetensors");
    expect_refused(open(R"({"weight_map": {}})"), Code::BadInput, "no weight_map");
    expect_refused(open(R"({})"), Code::BadInput, "no weight_map");
    expect_refused(open(R"({"weight_map": {"a": 3}})"), Code::BadInput, "the file of tensor 'a'");
    expect_refused(open("[]"), Code::BadInput, "the index's object");
    put(model / "one.safetensors", GgufBytes().build());
    expect_refused(open(map("one.safetensors")), Code::BadInput, "is not a safetensors file");
}

TEST(Checkpoint, FindsTheModelOfAFolder) {
    TemporaryFolder folder;
    expect_refused(Checkpoint::open(folder.path()), Code::NotFound, "holds no model");
    put(folder.path() / "pytorch_model.bin", "x");
    auto pickle = Checkpoint::open(folder.path());
    expect_refused(pickle, Code::NotFound, "holds no model");
    EXPECT_NE(pickle.error().next.find("can run code"), std::string::npos);
    put(folder.path() / "adapter_model.safetensors", shard("x"));
    EXPECT_EQ(must(Checkpoint::open(folder.path())).format(), Format::Safetensors);
    put(folder.path() / "mmproj-model.gguf", GgufBytes().build());
    EXPECT_EQ(must(Checkpoint::open(folder.path())).format(), Format::Safetensors);
    put(folder.path() / "a.gguf", GgufBytes().build());
    EXPECT_EQ(must(Checkpoint::open(folder.path())).format(), Format::Gguf);
    put(folder.path() / "b.gguf", GgufBytes().build());
    expect_refused(Checkpoint::open(folder.path()), Code::Usage, "holds 2 models: a.gguf, b.gguf");
}

TEST(Checkpoint, SaysWhatAFileIsInstead) {
    TemporaryFolder folder;
    auto open = [&](const std::string& name, const std::string& bytes) {
        return Checkpoint::open(put(folder.path() / name, bytes));
    };
    expect_refused(open("m", ""), Code::BadInput, "empty");
    expect_refused(open("m", "version https://git-lfs.github.com/spec/v1\n"), Code::BadInput,
                   "Git LFS pointer");
    expect_refused(open("m", "tjgg\3\0\0\0"), Code::Unsupported, "before GGUF");
    expect_refused(open("m", "PK\3\4 archive"), Code::Unsupported, "pickle");
    expect_refused(open("m", "<!DOCTYPE html>"), Code::BadInput, "a web page");
    expect_refused(open("m", "hello"), Code::Unsupported, "neither a GGUF nor");
    expect_refused(open("m.gguf", "hello"), Code::BadInput, "first bytes are wrong");
    expect_refused(Checkpoint::open(folder.path() / "none.gguf"), Code::NotFound, "none.gguf");
    expect_refused(open("m.gguf", "GGUF"), Code::BadInput, "m.gguf: the file ends within");
}

}  // namespace
}  // namespace linnet
