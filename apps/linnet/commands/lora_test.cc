// --lora in the commands that take it, on a model and adapters made for the test.
#include <gtest/gtest.h>

#include "base/json.h"
#include "base/testing/data.h"
#include "linnet/testing/process.h"
#include "model/testing/random_adapter.h"
#include "model/testing/tiny_model.h"

namespace linnet::testing {
namespace {

class Lora : public ::testing::Test {
  protected:
    void SetUp() override {
        const Path work = folder.path() / "work";
        write_tiny_model(work / "tiny.gguf");
        ThreadPool pool(1);
        auto model = must(Model::load(must(Checkpoint::open(work / "tiny.gguf")), Math::F32, pool));
        RandomAdapter::make(*model, 4, 1, 1).write(work / "one.gguf", "llama");
        RandomAdapter::make(*model, 4, 1, 2).write(work / "two.gguf", "llama");
    }
    std::string tokens(std::vector<std::string> more) {
        std::vector<std::string> words = {"complete", "tiny.gguf", "hello",  "--temp",      "0",
                                          "-n",       "12",        "--json", "--ignore-end"};
        words.insert(words.end(), more.begin(), more.end());
        Ran run = folder.run(words);
        EXPECT_EQ(run.exit_code, 0) << run.err;
        Json result = Json::parse(run.out).value_or(Json());
        const Json* found = result.find("tokens");
        return found ? found->dump() : "";
    }
    int exit_code(const std::vector<std::string>& words) { return folder.run(words).exit_code; }

    RunFolder folder;
};

TEST_F(Lora, ChangesAnswersByItsScale) {
    const std::string plain = tokens({}), one = tokens({"--lora", "one.gguf"});
    EXPECT_NE(one, plain);
    EXPECT_EQ(tokens({"--lora", "one.gguf:1"}), one);
    EXPECT_EQ(tokens({"--lora", "one.gguf:0"}), plain);
    EXPECT_NE(tokens({"--lora", "one.gguf:0.3"}), one);
    EXPECT_NE(tokens({"--lora", "one.gguf", "--lora", "two.gguf:0.8"}), one);
    EXPECT_EQ(tokens({"--lora", "one.gguf:1", "--threads", "3", "--deterministic"}), one);
    EXPECT_EQ(tokens({"--lora", "one.gguf", "--draft", "tiny.gguf"}), one);
}

TEST_F(Lora, MistakesAreTold) {
    EXPECT_EQ(exit_code({"complete", "tiny.gguf", "a", "--lora", "none.gguf"}), 3);
    EXPECT_EQ(exit_code({"complete", "tiny.gguf", "a", "--lora", "tiny.gguf"}), 2);
    EXPECT_EQ(exit_code({"complete", "tiny.gguf", "a", "--lora", "one.gguf:1e9"}), 2);
    EXPECT_EQ(exit_code({"complete", "tiny.gguf", "a", "--lora", ":2"}), 2);
    EXPECT_NE(folder.run({"complete", "tiny.gguf", "a", "--lora", "tiny.gguf"}).err.find("a model"),
              std::string::npos);
    Ran swapped = folder.run({"complete", "one.gguf", "a"});
    EXPECT_EQ(swapped.exit_code, 2);
    EXPECT_NE(swapped.err.find("a LoRA adapter, not a model"), std::string::npos) << swapped.err;
}

TEST_F(Lora, AChatChangesScales) {
    auto chat = [&](std::string_view input) {
        Ran run = folder.run({"chat", "tiny.gguf", "--temp", "0", "-n", "8", "--lora", "one.gguf"},
                             {.input = std::string(input)});
        EXPECT_EQ(run.exit_code, 0) << run.err;
        return run.out;
    };
    const std::string with = chat("hello\n"), without = chat("/lora 1 0\nhello\n");
    EXPECT_NE(with, without);
    EXPECT_EQ(chat("/lora 1 0\n/lora 1 1\nhello\n"), with);
    EXPECT_NE(chat("/lora 1 0.5\n/lora\n").find("0.5"), std::string::npos);
    Ran plain = folder.run({"chat", "tiny.gguf", "--temp", "0", "-n", "8"}, {.input = "hello\n"});
    EXPECT_EQ(plain.out, without);
    Ran wrong = folder.run({"chat", "tiny.gguf", "--lora", "one.gguf"},
                           {.input = "/lora 2 1\n/lora 1 x\n"});
    EXPECT_NE(wrong.err.find("'2' is none of the 1"), std::string::npos) << wrong.err;
    EXPECT_NE(wrong.err.find("'x'"), std::string::npos) << wrong.err;
}

TEST_F(Lora, AStateIsThatOfItsAdapters) {
    tokens({"--lora", "one.gguf", "--save-state", "state"});
    EXPECT_NE(tokens({"--lora", "one.gguf", "--load-state", "state"}), "");
    Ran refused = folder.run({"complete", "tiny.gguf", "--load-state", "state"});
    EXPECT_EQ(refused.exit_code, 2);
    EXPECT_NE(refused.err.find("adapter"), std::string::npos) << refused.err;
}

TEST_F(Lora, PresetsAndModelfilesNameThem) {
    EXPECT_EQ(
        exit_code({"preset", "save", "mine", "--model", "tiny.gguf", "--lora", "one.gguf:0.5"}), 0);
    folder.write("work/Modelfile", "FROM ./tiny.gguf\nADAPTER ./one.gguf\n");
    EXPECT_EQ(exit_code({"preset", "import", "Modelfile", "--name", "theirs"}), 0);
    Ran shown = folder.run({"preset", "show", "theirs", "--json"});
    expect_document("preset show", shown);
    EXPECT_NE(shown.out.find("work/one.gguf"), std::string::npos) << shown.out;
    auto answer = [&](std::string name) {
        Ran run = folder.run(
            {"complete", name, "hello", "--temp", "0", "-n", "12", "--ignore-end", "--json"});
        EXPECT_EQ(run.exit_code, 0) << run.err;
        return Json::parse(run.out).value_or(Json()).find("tokens")->dump();
    };
    EXPECT_EQ(answer("theirs"), tokens({"--lora", "one.gguf"}));
    EXPECT_EQ(answer("mine"), tokens({"--lora", "one.gguf:0.5"}));
}

TEST_F(Lora, ShowTellsWhatItIs) {
    Ran run = folder.run({"show", "one.gguf", "--json", "--tensors"});
    ASSERT_EQ(run.exit_code, 0) << run.err;
    expect_document("show", run);
    Json shown = Json::parse(run.out).value_or(Json());
    EXPECT_EQ(shown.string_or("architecture", ""), "llama");
    EXPECT_EQ(shown.find("ranks")->dump(), "[4]");
    Ran peft =
        folder.run({"show", (source_folder() / "tests/golden/adapters/llama").string(), "--json"});
    ASSERT_EQ(peft.exit_code, 0) << peft.err;
    expect_document("show", peft);
    EXPECT_NE(folder.run({"show", "one.gguf"}).out.find("LoRA, GGUF"), std::string::npos);
}

TEST_F(Lora, PerplexityIsMeasuredWithIt) {
    folder.write("work/text", std::string(600, 'x'));
    auto measured = [&](std::vector<std::string> more) {
        std::vector<std::string> words = {"eval", "tiny.gguf", "--task", "perplexity", "--file",
                                          "text", "--ctx",     "64",     "--json"};
        words.insert(words.end(), more.begin(), more.end());
        Ran run = folder.run(words);
        EXPECT_EQ(run.exit_code, 0) << run.err;
        return Json::parse(run.out).value_or(Json()).double_or("perplexity", 0);
    };
    EXPECT_NE(measured({"--lora", "one.gguf"}), measured({}));
    EXPECT_EQ(measured({"--lora", "one.gguf:0"}), measured({}));
}

}  // namespace
}  // namespace linnet::testing
