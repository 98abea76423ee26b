// Folders of quantized weights, against what the package that packs them unpacks
// (tests/golden/make_compressed.py).
#include "formats/compressed_folder.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "base/testing/data.h"
#include "base/testing/result.h"
#include "base/testing/temporary.h"
#include "base/text.h"
#include "formats/writer.h"

namespace linnet {
namespace {

using namespace linnet::testing;

Path golden_folder() {
    return source_folder() / "tests/golden/compressed";
}

Result<Checkpoint> open_folder(const Path& path) {
    ThreadPool pool(2);
    Checkpoint folder = TRY(Checkpoint::open(path));
    const Json document = TRY(folder.document("config.json"));
    auto config = TRY(CompressedConfig::read(document));
    check(config.has_value(), "a folder of quantized weights");
    return decompress(folder, *config, pool);
}

std::vector<float> decoded(const Tensor& tensor) {
    std::vector<float> out(tensor.values);
    tensor.dtype->decode(tensor.data.data(), out.data(), out.size());
    return out;
}

TEST(CompressedFolder, UnpacksToWhatThePackageUnpacks) {
    const Checkpoint made = must(open_folder(golden_folder()));
    const Checkpoint golden = must(Checkpoint::open(golden_folder() / "golden.safetensors"));
    const std::pair<std::string_view, std::string_view> types[] = {
        {"int4_group", "q4_0"},
        {"int4_group_asymmetric", "q4_1"},
        {"int4_small_group", "f32"},
        {"int4_channel", "q4_0"},
        {"int3_group_asymmetric", "q4_1"},
        {"int2_channel", "q4_0"},
        {"int5_group", "q8_0"},
        {"int8_group", "q8_0"},
        {"int8_tensor", "q8_0"},
        {"int8_channel", "q8_0"},
        {"int8_channel_asymmetric", "f32"},
        {"fp8_tensor", "f32"},
        {"fp8_channel", "f32"},
        {"fp8_block", "f32"},
        {"mxfp4", "mxfp4"},
        {"mxfp8", "f16"},
        {"nvfp4", "f32"}};
    EXPECT_EQ(made.tensors().size(), std::size(types) + 1) << "and one that is plain";
    EXPECT_TRUE(made.find("plain.weight"));
    for (auto [name, type] : types) {
        const Tensor* tensor = made.find(cat(name, ".weight"));
        const Tensor* wanted = golden.find(cat(name, ".weight"));
        ASSERT_TRUE(tensor && wanted) << name;
        EXPECT_EQ(tensor->dtype->name, type) << name;
        ASSERT_EQ(tensor->shape, wanted->shape) << name;
        const std::vector<float> found = decoded(*tensor), exact = decoded(*wanted);
        // An offset in float16 has 11 bits, and levels are up to 15 scales away from it.
        const double largest =
            std::abs(*std::ranges::max_element(exact, {}, [](float x) { return std::abs(x); }));
        const double slack = type == "q4_1" ? largest * 0x1p-11 : 0;
        for (size_t i = 0; i < exact.size(); i++)
            ASSERT_NEAR(found[i], exact[i], slack) << name << " at " << i;
    }
}

// A folder with one module, of which a test makes something wrong.
class CompressedModule : public ::testing::Test {
  protected:
    struct Written {
        TensorPlan plan;
        std::string bytes;
    };
    template <class T>
    void put(std::string_view part, std::string_view dtype, Shape shape, std::vector<T> values) {
        std::string bytes(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T));
        std::erase_if(written,
                      [&](const Written& each) { return each.plan.name == cat("m.", part); });
        written.push_back({{cat("m.", part), dtype_named(dtype), shape}, std::move(bytes)});
    }
    // Two rows of 32 columns in groups of 8: levels 0 to 15, again and again.
    void SetUp() override {
        put<uint32_t>("weight_packed", "i32", {2, 4},
                      {0x76543210, 0xFEDCBA98, 0x76543210, 0xFEDCBA98, 0x76543210, 0xFEDCBA98,
                       0x76543210, 0xFEDCBA98});
        put<float>("weight_scale", "f32", {2, 4}, {1, 2, 3, 4, 5, 6, 7, 8});
        put<int64_t>("weight_shape", "i64", {2}, {2, 32});
    }
    Result<Checkpoint> open() {
        std::vector<TensorPlan> plans;
        for (const Written& each : written) plans.push_back(each.plan);
        auto writer = must(CheckpointWriter::create(folder.path() / "model.safetensors", {}, plans,
                                                    {.format = Format::Safetensors}));
        for (const Written& each : written) must(writer.append(as_bytes(each.bytes)));
        must(writer.finish());
        must(write_file_atomic(folder.path() / "config.json", config));
        return open_folder(folder.path());
    }
    void refused(Code code, std::string_view part) { expect_refused(open(), code, part); }

    std::string config = R"({"quantization_config": {"quant_method": "compressed-tensors",
        "format": "pack-quantized",
        "config_groups": {"a": {"weights": {"num_bits": 4, "type": "int"}}}}})";
    TemporaryFolder folder;
    std::vector<Written> written;
};

TEST_F(CompressedModule, ColumnsMayBeOfAnyGroup) {
    std::vector<int32_t> groups(32);
    for (size_t c = 0; c < 32; c++) groups[c] = static_cast<int32_t>((c + 1) % 4);
    put("weight_g_idx", "i32", {32}, groups);
    const Checkpoint made = must(open());
    const std::vector<float> found = decoded(*made.find("m.weight"));
    for (size_t r = 0; r < 2; r++)
        for (size_t c = 0; c < 32; c++) {
            const auto scale = static_cast<float>(4 * r + (c + 1) % 4 + 1);
            EXPECT_EQ(found[32 * r + c], (static_cast<float>(c % 16) - 8) * scale);
        }
    groups[3] = 4;
    put("weight_g_idx", "i32", {32}, groups);
    refused(Code::BadInput, "beyond 4");
    groups[3] = -2;
    put("weight_g_idx", "i32", {32}, groups);
    refused(Code::BadInput, "beyond 4");
    put<int32_t>("weight_g_idx", "i32", {2}, {0, 0});
    refused(Code::BadInput, "32 columns");
}

TEST_F(CompressedModule, EarlierVersionsLeftBitsOfWordsUnused) {
    config = replace_all(config, "4,", "3,");
    // Ten values of three bits a word.
    std::vector<uint32_t> words(8);
    for (size_t r = 0; r < 2; r++)
        for (uint32_t c = 0; c < 32; c++) words[4 * r + c / 10] |= (c % 8) << c % 10 * 3;
    put("weight_packed", "i32", {2, 4}, words);
    const std::vector<float> found = decoded(*must(open()).find("m.weight"));
    for (size_t c = 0; c < 32; c++)
        EXPECT_EQ(found[c], (static_cast<float>(c % 8) - 4) * static_cast<float>(c / 8 + 1));
}

TEST_F(CompressedModule, PartsThatDoNotGoTogetherAreRefused) {
    must(open());
    auto parts = written;
    auto again = [&] { written = parts; };
    put<float>("weight_scale", "f32", {2, 3}, {1, 2, 3, 4, 5, 6});
    refused(Code::BadInput, "2 x 3");
    put<float>("weight_scale", "f32", {2, 4}, {1, 2, 3, 4, NAN, 6, 7, 8});
    refused(Code::BadInput, "no number");
    put<int32_t>("weight_scale", "i32", {2, 4}, {1, 2, 3, 4, 5, 6, 7, 8});
    refused(Code::BadInput, "does not go with scales");
    put<uint8_t>("weight_scale", "u8", {2, 4}, {1, 2, 3, 255, 5, 6, 7, 8});
    refused(Code::BadInput, "NaN");
    again();
    put<int64_t>("weight_shape", "i64", {2}, {2, 100});
    refused(Code::BadInput, "which no config group packs so");
    put<int64_t>("weight_shape", "i64", {2}, {2, -1});
    refused(Code::BadInput, "does not go with the packed weights");
    put<int64_t>("weight_shape", "i64", {3}, {2, 32, 1});
    refused(Code::BadInput, "weight_shape");
    again();
    std::erase_if(written, [](const Written& w) { return w.plan.name.ends_with("shape"); });
    refused(Code::BadInput, "weight_shape' is missing");
    again();
    std::erase_if(written, [](const Written& w) { return w.plan.name.ends_with("scale"); });
    refused(Code::BadInput, "weight_scale' is missing");
    again();
    std::erase_if(written, [](const Written& w) { return w.plan.name.ends_with("packed"); });
    refused(Code::BadInput, "weight' is missing");
    put<float>("weight", "f32", {1, 1}, {1});
    refused(Code::BadInput, "int8 and float8 do");
    again();
    put<int32_t>("weight_zero_point", "i32", {2, 4}, {1, 2, 3, 4, 5, 6, 7, 8});
    refused(Code::BadInput, "weight_zero_point' is i32 2 x 4");
    again();
    put<float>("weight_global_scale", "f32", {1}, {0});
    refused(Code::BadInput, "no divisor");
}

TEST(CompressedConfig, WhatIsNotReadIsRefusedByName) {
    auto read = [](std::string_view text) {
        return CompressedConfig::read(must(Json::parse(text)));
    };
    EXPECT_FALSE(must(read(R"({"model_type": "llama"})")));
    EXPECT_FALSE(must(read(R"({"quantization_config": null})")));
    const std::string plain =
        R"({"quantization_config": {"quant_method": "compressed-tensors", "format": "int-quantized",
            "config_groups": {"a": {"weights": {"num_bits": 8, "type": "int"}}}}})";
    EXPECT_EQ(must(read(plain))->groups.size(), 1u);
    auto refused = [&](std::string_view from, std::string_view to, Code code,
                       std::string_view part) {
        const std::string text = replace_all(plain, from, to);
        ASSERT_NE(text, plain);
        expect_refused(read(text), code, part, text);
    };
    refused("compressed-tensors", "gptq", Code::Unsupported, "'gptq'");
    refused("int-quantized", "marlin-24", Code::Unsupported, "'marlin-24'");
    refused("\"num_bits\": 8", "\"num_bits\": 9", Code::Unsupported, "9 bits");
    refused("\"num_bits\": 8", "\"block_structure\": [0, 1]", Code::BadInput, "block_structure");
    refused("\"int\"", "\"text\"", Code::BadInput, "neither int nor float");
    refused("{\"num_bits\": 8, \"type\": \"int\"}", "[]", Code::BadInput, "no object");
    refused("config_groups", "groups", Code::BadInput, "config_groups");
    refused("\"format\"", "\"transform_config\": {\"x\": 1}, \"format\"", Code::Unsupported,
            "rotated");
    refused("\"format\"", "\"sparsity_config\": {\"format\": \"sparse-bitmask\"}, \"format\"",
            Code::Unsupported, "sparsely");
}

}  // namespace
}  // namespace linnet
