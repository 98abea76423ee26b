// run, chat and complete, on a model made for the test.
#include <gtest/gtest.h>

#include "base/json.h"
#include "linnet/testing/process.h"
#include "model/testing/tiny_model.h"

namespace linnet::testing {
namespace {

class Generation : public ::testing::Test {
  protected:
    void SetUp() override { write_tiny_model(folder.path() / "work/tiny.gguf"); }
    Json json(const std::vector<std::string>& arguments) {
        Ran run = folder.run(arguments);
        EXPECT_EQ(run.exit_code, 0) << run.err;
        return Json::parse(run.out).value_or(Json());
    }
    RunFolder folder;
};

TEST_F(Generation, CompleteWritesItsDocument) {
    Ran run = folder.run({"complete", "tiny.gguf", "hello", "--temp", "0", "-n", "5", "--json",
                          "--logprobs", "2", "--ignore-end"});
    ASSERT_EQ(run.exit_code, 0) << run.out << run.err;
    expect_document("complete", run);
    Json result = Json::parse(run.out).value_or(Json());
    EXPECT_EQ(result.find("tokens")->as_array()->size(), 5u);
    EXPECT_EQ(result.find("logprobs")->as_array()->size(), 5u);
    EXPECT_EQ(result.find("stats", "prompt_tokens")->as_uint(), 5u);
    EXPECT_EQ(result.string_or("finish_reason", ""), "length");
}

TEST_F(Generation, RunWritesItsDocument) {
    Ran run = folder.run({"run", "tiny.gguf", "hello", "--temp", "0", "-n", "4", "--json"});
    ASSERT_EQ(run.exit_code, 0) << run.out << run.err;
    expect_document("run", run);
}

TEST_F(Generation, TheSameEverywhereAndAlways) {
    std::vector<std::string> base = {"complete", "tiny.gguf",    "one two", "-n", "16",
                                     "--json",   "--ignore-end", "--seed",  "4"};
    auto with = [&](std::vector<std::string> more) {
        more.insert(more.begin(), base.begin(), base.end());
        return json(more).find("tokens")->dump();
    };
    std::string first = with({});
    EXPECT_EQ(with({}), first);
    EXPECT_EQ(with({"--threads", "1"}), with({"--threads", "3"}));
    EXPECT_EQ(with({"--math", "f32", "--threads", "1"}), with({"--math", "f32", "--threads", "2"}));
    for (const char* isa : {"scalar"}) {
        Ran run = folder.run(base, {.environment = {{"LINNET_ISA", isa}}});
        ASSERT_EQ(run.exit_code, 0) << run.err;
        EXPECT_EQ(Json::parse(run.out)->find("tokens")->dump(), first);
    }
}

TEST_F(Generation, PromptsComeFromArgumentsInputAndFiles) {
    std::vector<std::string> quiet = {"--temp", "0", "-n", "3"};
    auto ran = [&](std::vector<std::string> words, std::string input = "") {
        words.insert(words.end(), quiet.begin(), quiet.end());
        return folder.run(words, {.input = std::move(input)});
    };
    Ran argument = ran({"run", "tiny.gguf", "abc"});
    EXPECT_EQ(argument.exit_code, 0) << argument.err;
    EXPECT_EQ(ran({"run", "tiny.gguf"}, "abc").out, argument.out);
    EXPECT_EQ(ran({"run", "tiny.gguf", "-"}, "abc").out, argument.out);
    folder.write("work/text.txt", "abc");
    EXPECT_EQ(ran({"run", "tiny.gguf", "--file", "text.txt"}).out, argument.out);
    EXPECT_EQ(ran({"run", "tiny.gguf"}, "").exit_code, 2);
}

TEST_F(Generation, ADocumentOnStandardInputStandsBelowThePrompt) {
    auto prompt_tokens = [&](std::vector<std::string> words, std::string input) {
        words.insert(words.end(), {"-n", "1", "--json"});
        Ran run = folder.run(words, {.input = std::move(input)});
        EXPECT_EQ(run.exit_code, 0) << run.err;
        return *Json::parse(run.out)->find("stats", "prompt_tokens")->as_uint();
    };
    size_t alone = prompt_tokens({"run", "tiny.gguf", "abc"}, "");
    EXPECT_EQ(prompt_tokens({"run", "tiny.gguf", "abc"}, "12345"), alone + 2 + 5);
    EXPECT_EQ(prompt_tokens({"run", "tiny.gguf", "abc"}, " \n"), alone);
    Ran long_one = folder.run({"run", "tiny.gguf", "abc"}, {.input = std::string(3000, 'x')});
    EXPECT_EQ(long_one.exit_code, 6);
    EXPECT_NE(long_one.err.find("the document has 3000 tokens, and the context holds 512"),
              std::string::npos)
        << long_one.err;
}

TEST_F(Generation, TheMiddleIsFilledInWhereTheModelCan) {
    Ran refused = folder.run({"complete", "tiny.gguf", "ab", "--suffix", "cd"});
    EXPECT_EQ(refused.exit_code, 10);
    EXPECT_NE(refused.err.find("fill in the middle"), std::string::npos) << refused.err;
    write_tiny_model(folder.path() / "work/coder.gguf",
                     {.more_control = {"<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>"}});
    Json result = json(
        {"complete", "coder.gguf", "ab", "--suffix", "cd", "--temp", "0", "-n", "4", "--json"});
    EXPECT_EQ(result.find("stats", "prompt_tokens")->as_uint(), 3u + 4);
    // The same as spelling it out, and nothing in the texts is a control token.
    Json spelled = json({"complete", "coder.gguf", "<|fim_prefix|>ab<|fim_suffix|>cd<|fim_middle|>",
                         "--temp", "0", "-n", "4", "--json"});
    EXPECT_EQ(result.find("tokens")->dump(), spelled.find("tokens")->dump());
    Json sly =
        json({"complete", "coder.gguf", "<|fim_suffix|>", "--suffix", "", "-n", "1", "--json"});
    EXPECT_EQ(sly.find("stats", "prompt_tokens")->as_uint(), 3u + 14);
}

TEST_F(Generation, ReasoningIsShownHiddenAndBounded) {
    folder.write("home/.config/linnet/presets/t.toml", "model = \"tiny.gguf\"\n");
    Ran run = folder.run({"run", "t", "why", "--think", "hide", "--think-budget", "3", "-n", "9",
                          "--temp", "0", "--json"});
    ASSERT_EQ(run.exit_code, 0) << run.err;
    expect_document("run", run);
    EXPECT_EQ(folder.run({"run", "t", "why", "--think-budget", "-3"}).exit_code, 2);
}

TEST_F(Generation, GuessesChangeNoAnswer) {
    write_tiny_model(folder.path() / "work/small.gguf", {.layers = 1, .seed = 2});
    std::vector<std::string> base = {"complete", "tiny.gguf", "abcabcabcabc", "-n",
                                     "40",       "--json",    "--ignore-end", "--seed",
                                     "4",        "--temp",    "0.3",          "--deterministic"};
    auto with = [&](std::vector<std::string> more) {
        more.insert(more.begin(), base.begin(), base.end());
        return json(more);
    };
    Json plain = with({"--lookup", "off"});
    EXPECT_EQ(plain.find("stats", "drafted_tokens")->as_uint(), 0u);
    for (const auto& more : std::vector<std::vector<std::string>>{
             {}, {"--lookup", "6"}, {"--lookup", "off", "--draft", "small.gguf"}})
        EXPECT_EQ(with(more).find("tokens")->dump(), plain.find("tokens")->dump());
    EXPECT_GT(with({"--lookup", "6"}).find("stats", "drafted_tokens")->as_uint(), 0u);
    Ran wrong = folder.run({"run", "tiny.gguf", "x", "--lookup", "99"});
    EXPECT_EQ(wrong.exit_code, 2);
    EXPECT_NE(wrong.err.find("not auto, off or 1 to 15"), std::string::npos) << wrong.err;
}

TEST_F(Generation, AnAnswerGoesOnFromAState) {
    std::vector<std::string> base = {"complete", "tiny.gguf", "--json", "--ignore-end"};
    auto tokens = [&](std::vector<std::string> more) {
        more.insert(more.begin(), base.begin(), base.end());
        return *json(more).find("tokens")->as_array();
    };
    std::string text(40, 'x');
    auto whole = tokens({text, "-n", "60", "--seed", "3"});
    auto part = tokens({text, "-n", "45", "--seed", "3", "--save-state", "s.state"});
    auto rest = tokens({"-n", "15", "--load-state", "s.state"});
    ASSERT_EQ(part.size() + rest.size(), whole.size());
    for (size_t i = 0; i < rest.size(); i++) EXPECT_EQ(rest[i].dump(), whole[45 + i].dump()) << i;
    Json more = json({"complete", "tiny.gguf", "more", "-n", "1", "--load-state", "s.state",
                      "--save-state", "s.state", "--json"});
    EXPECT_EQ(more.find("stats", "prompt_tokens")->as_uint(), 40 + 45 + 4u);
    EXPECT_EQ(more.find("stats", "cached_tokens")->as_uint(), 64u);
}

TEST_F(Generation, AStateThatDoesNotFitIsRefused) {
    auto exit_code = [&](std::vector<std::string> words) { return folder.run(words).exit_code; };
    std::vector<std::string> load = {"complete", "tiny.gguf", "--load-state", "s.state"};
    EXPECT_EQ(exit_code(load), 3);
    EXPECT_EQ(exit_code({"complete", "tiny.gguf", "x", "-n", "1", "--save-state", "no/s"}), 3);
    json({"complete", "tiny.gguf", "x", "-n", "1", "--save-state", "s.state", "--json"});
    EXPECT_EQ(exit_code({"run", "tiny.gguf", "x", "--load-state", "s.state"}), 2);
    load.insert(load.end(), {"--kv", "int8"});
    Ran other = folder.run(load);
    EXPECT_EQ(other.exit_code, 2);
    EXPECT_NE(other.err.find("use --kv int16"), std::string::npos) << other.err;
    folder.write("work/s.state", "LINNETST\2");
    EXPECT_EQ(exit_code(load), 10);
    folder.write("work/s.state", std::string("LINNETST\2\0\0\0", 12) + std::string(80, 'x'));
    EXPECT_EQ(exit_code(load), 5);
}

// The engine computes on until it hears of the stop; what came after it is not kept.
TEST_F(Generation, AStateEndsAtItsStopText) {
    std::vector<std::string> ask = {"complete", "tiny.gguf", "hello", "--ignore-end", "--json",
                                    "--temp",   "0",         "-n",    "100"};
    std::string text = *json(ask).find("text")->as_string();
    ask.insert(ask.end(), {"--stop", text.substr(10, 1), "--save-state", "s.state"});
    size_t said = json(ask).find("tokens")->as_array()->size();
    Json next = json({"complete", "tiny.gguf", "-n", "1", "--load-state", "s.state", "--json"});
    EXPECT_EQ(next.find("stats", "prompt_tokens")->as_uint(), 5 + said);
}

TEST_F(Generation, AConversationGoesOnFromAState) {
    std::vector<std::string> base = {"--temp", "0", "-n", "40", "--json"};
    auto run = [&](std::vector<std::string> words) {
        words.insert(words.end(), base.begin(), base.end());
        return json(words);
    };
    std::string question(100, 'x');
    run({"run", "tiny.gguf", question, "--system", "be short", "--save-state", "s.state"});
    Json second = run({"run", "tiny.gguf", "and then", "--load-state", "s.state"});
    EXPECT_GE(*second.find("stats", "cached_tokens")->as_uint(), 128u);
    Json alone = run({"run", "tiny.gguf", "and then"});
    EXPECT_GT(second.find("stats", "prompt_tokens")->as_uint(),
              alone.find("stats", "prompt_tokens")->as_uint());
}

TEST_F(Generation, AFullContextEndsOrShifts) {
    std::vector<std::string> base = {"complete", "tiny.gguf",    "hello",  "-n", "200",
                                     "--json",   "--ignore-end", "--temp", "0",  "--context",
                                     "64"};
    Json ends = json(base);
    EXPECT_EQ(ends.string_or("finish_reason", ""), "length");
    EXPECT_EQ(ends.find("tokens")->as_array()->size(), 59u);
    base.emplace_back("--context-shift");
    Json shifts = json(base);
    EXPECT_EQ(shifts.find("tokens")->as_array()->size(), 200u);
    EXPECT_GT(shifts.find("stats", "dropped_tokens")->as_uint(), 0u);
}

TEST_F(Generation, ErrorsHaveTheirCodes) {
    folder.write("work/broken.gguf", "GGUF and nothing else");
    EXPECT_EQ(folder.run({"run", "absent.gguf", "x"}).exit_code, 3);
    EXPECT_EQ(folder.run({"run", "broken.gguf", "x"}).exit_code, 10);
    EXPECT_EQ(folder.run({"run", "tiny.gguf", std::string(4000, 'x')}).exit_code, 6);
    EXPECT_EQ(folder.run({"run", "tiny.gguf", "x", "--top-p", "2"}).exit_code, 2);
    EXPECT_EQ(folder.run({"run", "tiny.gguf", "x", "--context", "100000"}).exit_code, 2);
    Ran isa = folder.run({"run", "tiny.gguf", "x"}, {.environment = {{"LINNET_ISA", "z80"}}});
    EXPECT_EQ(isa.exit_code, 2);
}

TEST_F(Generation, StopTextsEndTheAnswer) {
    Json whole =
        json({"complete", "tiny.gguf", "q", "--temp", "0", "-n", "40", "--ignore-end", "--json"});
    std::string text = whole.string_or("text", "");
    size_t at = text.find_first_of("abcdefghijklmnopqrstuvwxyz,.;: ", 3);
    ASSERT_NE(at, text.npos) << text;
    std::string stop(1, text[at]);
    Json cut = json({"complete", "tiny.gguf", "q", "--temp", "0", "-n", "40", "--ignore-end",
                     "--json", "--stop", stop});
    EXPECT_EQ(cut.string_or("text", "x"), text.substr(0, text.find(stop)));
    EXPECT_EQ(cut.string_or("finish_reason", ""), "stop");
}

TEST_F(Generation, AnswersOfAGivenForm) {
    folder.write("work/s.json", R"({"type":"array","items":{"type":"boolean"},"maxItems":3})");
    folder.write("work/g.gbnf", "root ::= \"left\" | \"right\"\n");
    auto answer = [&](std::vector<std::string> more) {
        std::vector<std::string> words = {"complete", "tiny.gguf", "x",  "--temp", "2",
                                          "--seed",   "3",         "-n", "40",     "--json"};
        words.insert(words.end(), more.begin(), more.end());
        Ran run = folder.run(words);
        EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
        expect_document("complete", run);
        Json result = Json::parse(run.out).value_or(Json());
        EXPECT_EQ(result.string_or("finish_reason", ""), "stop");
        return result.string_or("text", "");
    };
    std::string list = answer({"--json-schema", "s.json"});
    EXPECT_TRUE(Json::parse(list).value_or(Json()).is_array()) << list;
    EXPECT_EQ(answer({"--json-schema", R"({"const":{"a":[1]}})"}), R"({"a": [1]})");
    std::string side = answer({"--grammar", "g.gbnf"});
    EXPECT_TRUE(side == "left" || side == "right") << side;
    EXPECT_EQ(answer({"--grammar", "root ::= \"x\"{3}"}), "xxx");
    EXPECT_EQ(answer({"--regex", "^(ab){2}$"}), "abab");
    Ran run = folder.run({"run", "tiny.gguf", "x", "--regex", "yes", "--json"});
    EXPECT_EQ(Json::parse(run.out).value_or(Json()).string_or("text", ""), "yes") << run.err;
    EXPECT_EQ(folder.run({"chat", "tiny.gguf", "--regex", "yes"}, {.input = "a\nb\n"}).out,
              "yes\nyes\n");
}

TEST_F(Generation, WrongFormsAreUsageErrorsThatSayWhere) {
    auto refused = [&](std::vector<std::string> more, int code, std::string_view part) {
        more.insert(more.begin(), {"complete", "tiny.gguf", "x"});
        Ran run = folder.run(more);
        EXPECT_EQ(run.exit_code, code) << run.err;
        EXPECT_NE(run.err.find(part), std::string::npos) << run.err;
    };
    refused({"--json-schema", R"({"properties":{"a":{"not":{}}}})"}, 2, "'/properties/a/not'");
    refused({"--json-schema", "absent.json"}, 3, "--json-schema");
    refused({"--grammar", "root ::= x"}, 2, "never defined");
    refused({"--regex", "(a"}, 2, "is not closed");
    refused({"--regex", "a", "--grammar", "root ::= \"x\""}, 2, "one of them");
    refused({"--regex", "a", "--ignore-end"}, 2, "--ignore-end");
}

TEST_F(Generation, ChatKeepsAndBringsBackAConversation) {
    std::string script =
        "/system be short\nhello\n/save talk.json\n/reset\n/load "
        "talk.json\n/stats\n/nonsense\n/set temp hot\n/bye\n";
    Ran run = folder.run({"chat", "tiny.gguf", "--temp", "0", "-n", "3"}, {.input = script});
    EXPECT_EQ(run.exit_code, 0) << run.err;
    Json saved = Json::parse(folder.read("work/talk.json")).value_or(Json());
    const Json::Array& messages = *saved.find("messages")->as_array();
    ASSERT_EQ(messages.size(), 3u);
    EXPECT_EQ(messages[0].string_or("content", ""), "be short");
    EXPECT_EQ(messages[2].string_or("role", ""), "assistant");
    EXPECT_NE(run.out.find("1 answers, 3 messages"), std::string::npos) << run.out;
    EXPECT_NE(run.err.find("there is no command /nonsense"), std::string::npos) << run.err;
    EXPECT_NE(run.err.find("'hot' is no value for temp"), std::string::npos) << run.err;
}

TEST_F(Generation, ChatTakesSeveralLinesBetweenQuotes) {
    Ran run = folder.run({"chat", "tiny.gguf", "--temp", "0", "-n", "2"},
                         {.input = "\"\"\"one\ntwo\"\"\"\n/save t.json\n"});
    EXPECT_EQ(run.exit_code, 0) << run.err;
    Json saved = Json::parse(folder.read("work/t.json")).value_or(Json());
    EXPECT_EQ(saved.find("messages")->as_array()->at(0).string_or("content", ""), "one\ntwo");
}

}  // namespace
}  // namespace linnet::testing
