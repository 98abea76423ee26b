// preset save, list, show, rm and import; and how presets, flags and the model's own advice meet.
#include <gtest/gtest.h>

#include "base/json.h"
#include "linnet/testing/process.h"
#include "model/testing/tiny_model.h"

namespace linnet::testing {
namespace {

class Presets : public ::testing::Test {
  protected:
    void SetUp() override { write_tiny_model(folder.path() / "work/tiny.gguf"); }
    Json json(std::vector<std::string> arguments, std::string_view leaf = "") {
        arguments.push_back("--json");
        Ran run = folder.run(arguments);
        EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
        expect_document(leaf.empty() ? arguments[0] : leaf, run);
        return Json::parse(run.out).value_or(Json());
    }
    int exit_code(const std::vector<std::string>& arguments) {
        return folder.run(arguments).exit_code;
    }
    RunFolder folder;
};

TEST_F(Presets, ComeAndGo) {
    EXPECT_TRUE(json({"preset", "list"}, "preset list").find("presets")->as_array()->empty());
    json({"preset", "save", "terse", "--model", "tiny.gguf", "-s", "Be \"brief\"\nand kind.",
          "--temp", "0.5", "--top-k", "7", "-n", "3", "--stop", "x", "--think", "hide"},
         "preset save");
    EXPECT_EQ(exit_code({"preset", "save", "terse"}), 9);
    EXPECT_EQ(exit_code({"preset", "save", "smollm2-135m"}), 2);
    EXPECT_EQ(exit_code({"preset", "save", "../evil"}), 2);
    Json shown = json({"preset", "show", "terse"}, "preset show");
    EXPECT_EQ(shown.string_or("system", ""), "Be \"brief\"\nand kind.");
    EXPECT_EQ(shown.find("sampling", "top_k")->as_uint(), 7u);
    EXPECT_EQ(shown.find("tokens")->as_uint(), 3u);
    EXPECT_EQ(shown.string_or("think", ""), "hide");
    EXPECT_EQ(json({"preset", "list"}, "preset list").find("presets")->as_array()->size(), 1u);
    json({"preset", "save", "terse", "--force"}, "preset save");
    EXPECT_EQ(json({"preset", "show", "terse"}, "preset show").string_or("system", "x"), "");
    json({"preset", "rm", "terse"}, "preset rm");
    EXPECT_EQ(exit_code({"preset", "show", "terse"}), 3);
    EXPECT_EQ(exit_code({"preset", "rm", "terse"}), 3);
}

TEST_F(Presets, FlagsWinOverPresetsAndThoseOverTheModel) {
    json({"preset", "save", "p", "--model", "tiny.gguf", "--temp", "0", "--seed", "5", "-n", "4"},
         "preset save");
    Json run = json({"run", "p", "hello"});
    EXPECT_EQ(run.string_or("model", ""), "tiny.gguf");
    EXPECT_EQ(run.find("sampling", "seed")->as_uint(), 5u);
    EXPECT_EQ(run.find("sampling", "parameters", "temp", "origin")->dump(), "\"preset\"");
    EXPECT_EQ(run.find("sampling", "parameters", "top_p", "origin")->dump(), "\"built-in\"");
    EXPECT_LE(*run.find("stats", "completion_tokens")->as_uint(), 4u);
    Json flagged = json({"run", "p", "hello", "--temp", "0.9", "-n", "2"});
    EXPECT_EQ(flagged.find("sampling", "parameters", "temp", "origin")->dump(), "\"flag\"");
    EXPECT_LE(*flagged.find("stats", "completion_tokens")->as_uint(), 2u);
    // By name, with the model left out or another one.
    EXPECT_EQ(json({"run", "--preset", "p", "hello"}).find("text")->dump(),
              run.find("text")->dump());
    EXPECT_EQ(json({"run", "./tiny.gguf", "hello", "--preset", "p"}).string_or("model", ""),
              "./tiny.gguf");
    EXPECT_EQ(json({"complete", "p", "hello"}).find("sampling", "seed")->as_uint(), 5u);
    EXPECT_EQ(json({"complete", "--preset", "p", "hello"}).find("tokens")->dump(),
              json({"complete", "p", "hello"}).find("tokens")->dump());
    EXPECT_EQ(exit_code({"complete"}), 2);
    EXPECT_EQ(exit_code({"run"}), 2);
}

TEST_F(Presets, TheSystemPromptAndTheExamplesStandInFront) {
    json({"preset", "save", "p", "--model", "tiny.gguf", "--temp", "0", "-n", "2"}, "preset save");
    size_t bare = *json({"run", "p", "hello"}).find("stats", "prompt_tokens")->as_uint();
    Path file = folder.home() / ".config/linnet/presets/p.toml";
    folder.write("home/.config/linnet/presets/q.toml",
                 *read_file(file, 10'000) + "\n[[messages]]\nrole = \"user\"\ncontent = \"ab\"\n");
    size_t more = *json({"run", "q", "hello"}).find("stats", "prompt_tokens")->as_uint();
    EXPECT_EQ(more, bare + 2 + std::string("user").size() + 4);  // two control tokens, two \n
    size_t system =
        *json({"run", "p", "hello", "-s", "xyz"}).find("stats", "prompt_tokens")->as_uint();
    EXPECT_EQ(system, bare + 3 + std::string("system").size() + 4);
    Ran chat = folder.run({"chat", "q"}, {.input = "/save c.json\n/reset\n/save d.json\n"});
    EXPECT_EQ(chat.exit_code, 0) << chat.err;
    EXPECT_EQ(folder.read("work/c.json"), folder.read("work/d.json"));
    EXPECT_NE(folder.read("work/c.json").find("\"ab\""), std::string::npos);
}

TEST_F(Presets, ABrokenOneIsToldWithItsLine) {
    auto refused = [&](std::string_view text, std::string_view part) {
        folder.write("home/.config/linnet/presets/b.toml", text);
        Ran run = folder.run({"run", "b", "hello"});
        EXPECT_EQ(run.exit_code, 10) << text << run.err;
        EXPECT_NE(run.err.find(part), std::string::npos) << run.err;
    };
    refused("model = \"tiny.gguf\"\nsystm = \"x\"\n", "b.toml:2: a preset has no systm");
    refused("[sampling]\ntemp = 1000\n", "b.toml:2: temp is from 0 to 100");
    refused("think = \"loudly\"\n", "think is not show, hide or off");
    refused("template = \"nonsense\"\n", "no template named nonsense");
    refused("stop = 3\n", "stop is not a list of texts");
    refused("[[messages]]\nrole = \"tool\"\n", "message 1 has no role");
    refused("model = \n", "b.toml:1");
    EXPECT_EQ(exit_code({"preset", "rm", "b"}), 0);
}

TEST_F(Presets, AModelfileIsImported) {
    folder.write("work/Modelfile",
                 "FROM ./tiny.gguf\nSYSTEM be kind\nPARAMETER temperature 0\n"
                 "PARAMETER num_predict 3\nPARAMETER num_gpu 1\n");
    Json imported = json({"preset", "import", "Modelfile", "--name", "kind"}, "preset import");
    EXPECT_TRUE(imported.string_or("model", "").ends_with("work/tiny.gguf"));
    EXPECT_EQ(imported.find("warnings")->as_array()->size(), 1u);
    EXPECT_LE(*json({"run", "kind", "hello"}).find("stats", "completion_tokens")->as_uint(), 3u);
    EXPECT_EQ(exit_code({"preset", "import", "Modelfile", "--name", "kind"}), 9);
    EXPECT_EQ(exit_code({"preset", "import", "Modelfile", "--name", "default"}), 2);
    folder.write("work/Broken", "FROM x\nADAPTER\n");
    EXPECT_EQ(exit_code({"preset", "import", "Broken"}), 10);
    EXPECT_EQ(exit_code({"preset", "import", "absent"}), 3);
}

}  // namespace
}  // namespace linnet::testing
