#include "linnet/modelfile.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/testing/result.h"
#include "base/text.h"

namespace linnet {
namespace {

using testing::expect_refused;
using testing::must;

TEST(Modelfile, BecomesAPreset) {
    Modelfile file = must(parse_modelfile(
        "# a comment\r\nFROM ./tiny.gguf\r\nparameter temperature 0.2\nPARAMETER stop \"<end>\"\n"
        "PARAMETER stop AI:\nPARAMETER num_ctx 2048\nPARAMETER num_predict -1\n"
        "ADAPTER ./one.gguf\nADAPTER two\nPARAMETER repeat_last_n -1\nPARAMETER seed 7\nPARAMETER "
        "temperature 0.3\n"
        "SYSTEM \"\"\"Be\n  brief.\n\"\"\"\nMESSAGE user Hi there\nMESSAGE assistant \"Hello\"\n"
        "LICENSE \"\"\"\nMIT\n\"\"\"\n"));
    const Preset& preset = file.preset;
    EXPECT_EQ(preset.model, "./tiny.gguf");
    EXPECT_EQ(preset.system, "Be\n  brief.");
    EXPECT_EQ(preset.stop, (std::vector<std::string>{"<end>", "AI:"}));
    EXPECT_EQ(preset.lora, (std::vector<std::string>{"./one.gguf", "two"}));
    EXPECT_EQ(preset.context, 2048u);
    EXPECT_EQ(preset.seed, 7u);
    EXPECT_FALSE(preset.tokens);
    ASSERT_EQ(preset.parameters.size(), 2u);
    EXPECT_EQ(preset.parameters[1].first->name, "temp");
    EXPECT_EQ(preset.parameters[1].second, 0.3);
    ASSERT_EQ(preset.messages.size(), 2u);
    EXPECT_EQ(preset.messages[0].content, "Hi there");
    EXPECT_EQ(preset.messages[1].content, "Hello");
    EXPECT_TRUE(file.warnings.empty());
}

TEST(Modelfile, TemplatesAreTakenByTheirMarks) {
    Modelfile file = must(parse_modelfile(
        "FROM m\nTEMPLATE \"\"\"{{ if .System }}<|im_start|>system\n{{ .System }}<|im_end|>{{ end "
        "}}"
        "<|im_start|>user\n{{ .Prompt }}<|im_end|>\n<|im_start|>assistant\n\"\"\"\n"));
    EXPECT_EQ(file.preset.chat_template, "chatml");
    ASSERT_EQ(file.warnings.size(), 1u);
    EXPECT_NE(file.warnings[0].find("'chatml'"), std::string::npos);
    expect_refused(parse_modelfile("FROM m\nTEMPLATE {{ .Prompt }} => \n"), Code::Unsupported,
                   "line 2: TEMPLATE");
}

TEST(Modelfile, MirostatIsSteeredWhereItIsOn) {
    auto parameters = [](std::string_view text) {
        return must(parse_modelfile(cat("FROM m\n", text))).preset.parameters;
    };
    EXPECT_TRUE(parameters("PARAMETER mirostat_tau 3\n").empty());
    auto on = parameters("PARAMETER mirostat_tau 3\nPARAMETER mirostat 2\n");
    ASSERT_EQ(on.size(), 1u);
    EXPECT_EQ(on[0].second, 3);
}

TEST(Modelfile, WhatHasNoMeaningHereIsTold) {
    Modelfile file = must(parse_modelfile("FROM m\nPARAMETER num_gpu 99\nPARAMETER tfs_z 1\n"));
    EXPECT_EQ(file.warnings.size(), 2u);
    EXPECT_TRUE(file.preset.parameters.empty());
}

TEST(Modelfile, MistakesAreToldWithTheirLine) {
    expect_refused(parse_modelfile(""), Code::BadInput, "no FROM");
    expect_refused(parse_modelfile("FROM m\nADAPTER\n"), Code::BadInput, "ADAPTER");
    expect_refused(parse_modelfile("FROM m\nSYSTEM \"\"\"open\nand on\n"), Code::BadInput,
                   "line 2: the three quotes");
    expect_refused(parse_modelfile("FROM m\nNONSENSE x\n"), Code::BadInput, "line 2: there is no");
    expect_refused(parse_modelfile("FROM m\nMESSAGE tool x\n"), Code::BadInput, "line 2");
    expect_refused(parse_modelfile("FROM m\nPARAMETER temperature hot\n"), Code::BadInput, "hot");
    expect_refused(parse_modelfile("FROM m\nPARAMETER top_p 2\n"), Code::BadInput, "from 0 to 1");
    expect_refused(parse_modelfile("FROM m\nPARAMETER stop\n"), Code::BadInput, "no value");
    expect_refused(parse_modelfile("FROM \xff\n"), Code::BadInput, "UTF-8");
}

RC_GTEST_PROP(Modelfile, AnyTextIsReadOrRefused, ()) {
    auto bits =
        *rc::gen::container<std::vector<std::string>>(rc::gen::elementOf(std::vector<std::string>{
            "FROM ", "m",         "\n",           "\r",     "PARAMETER ", "stop ",   "mirostat ",
            "2",     "-1",        "1e999",        "\"\"\"", "\"",         "SYSTEM ", "MESSAGE ",
            "user ", "TEMPLATE ", "<|im_start|>", "#",      "num_ctx ",   "\xff",    " "}));
    std::string text;
    for (const std::string& bit : bits) text += bit;
    auto file = parse_modelfile(text);
    if (!file) return;
    // What was read can be kept, and says the same when it is read again.
    file->preset.name = "p";
    auto again = parse_preset(preset_text(file->preset), "p", "p.toml");
    RC_ASSERT(again);
    RC_ASSERT(preset_text(*again) == preset_text(file->preset));
}

}  // namespace
}  // namespace linnet
