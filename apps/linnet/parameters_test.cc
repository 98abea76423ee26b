#include "linnet/parameters.h"

#include <gtest/gtest.h>

#include "base/testing/result.h"
#include "base/testing/temporary.h"
#include "base/text.h"
#include "formats/writer.h"

namespace linnet {
namespace {

using testing::must;

// A model of one tensor, with this metadata where it is a GGUF file.
Checkpoint model_with(const Path& path, const MetadataBuilder& metadata = {}) {
    std::string data(16, '\0');
    Tensor tensor;
    tensor.name = "t";
    tensor.dtype = dtype_named("f32");
    tensor.shape = Shape{4};
    tensor.values = 4;
    tensor.data = as_bytes(data);
    bool gguf = path.extension() == ".gguf";
    Format format = gguf ? Format::Gguf : Format::Safetensors;
    must(write_checkpoint(path, metadata, {&tensor, 1}, {.format = format}));
    return must(Checkpoint::open(gguf ? path : path.parent_path()));
}

Parameters::Value of(const Parameters& parameters, std::string_view name) {
    return parameters.of(*find_parameter(name));
}

TEST(Parameters, AGgufFileAdvises) {
    testing::TemporaryFolder folder;
    MetadataBuilder metadata;
    metadata.set("general.architecture", "llama");
    metadata.set("general.sampling.temp", 0.25f).set("general.sampling.top_k", 40u);
    metadata.set("general.sampling.top_p", 7.0f);  // cannot be
    Parameters parameters;
    parameters.advise(model_with(folder.path() / "m.gguf", metadata));
    EXPECT_EQ(of(parameters, "temp").value, 0.25);
    EXPECT_EQ(of(parameters, "temp").origin, ParameterOrigin::Model);
    EXPECT_EQ(of(parameters, "top_k").value, 40);
    EXPECT_EQ(of(parameters, "top_p").value, 0.95);
    EXPECT_EQ(of(parameters, "top_p").origin, ParameterOrigin::BuiltIn);
    Sampling sampling;
    parameters.apply(sampling);
    EXPECT_EQ(sampling.temperature, 0.25f);
    EXPECT_EQ(sampling.top_k, 40u);
    EXPECT_EQ(sampling.min_p, 0.05f);
}

TEST(Parameters, AFolderAdvises) {
    testing::TemporaryFolder folder;
    must(write_file_atomic(folder.path() / "generation_config.json",
                           R"({"temperature": 0.6, "repetition_penalty": 1.1, "top_k": "many"})"));
    Parameters parameters;
    parameters.advise(model_with(folder.path() / "model.safetensors"));
    EXPECT_EQ(of(parameters, "temp").value, 0.6);
    EXPECT_EQ(of(parameters, "repetition").value, 1.1);
    EXPECT_EQ(of(parameters, "repetition").origin, ParameterOrigin::Model);
    EXPECT_EQ(of(parameters, "top_k").origin, ParameterOrigin::BuiltIn);
}

TEST(Parameters, WhoDoesNotSampleIsGreedy) {
    testing::TemporaryFolder folder;
    must(write_file_atomic(folder.path() / "generation_config.json",
                           R"({"temperature": 0.6, "do_sample": false})"));
    Parameters parameters;
    parameters.advise(model_with(folder.path() / "model.safetensors"));
    EXPECT_EQ(of(parameters, "temp").value, 0);
}

TEST(Parameters, AreCheckedBeforeTheyCount) {
    const ParameterRow& top_k = *find_parameter("top_k");
    EXPECT_TRUE(check_parameter(top_k, 40));
    testing::expect_refused(check_parameter(top_k, 1.5), Code::Usage, "whole number");
    testing::expect_refused(check_parameter(top_k, -1), Code::Usage, "from 0");
    EXPECT_FALSE(check_parameter(*find_parameter("temp"), std::stod("nan")));
    for (const ParameterRow& row : parameter_table()) {
        EXPECT_TRUE(check_parameter(row, row.built_in)) << row.name;
        EXPECT_EQ(find_parameter(row.name), &row);
    }
}

}  // namespace
}  // namespace linnet
