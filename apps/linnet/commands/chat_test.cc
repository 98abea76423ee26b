// linnet chat, on a terminal and from a pipe.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/json.h"
#include "base/text.h"
#include "linnet/testing/process.h"
#include "linnet/testing/schema.h"
#include "linnet/testing/terminal.h"
#include "model/testing/tiny_model.h"

namespace linnet::testing {
namespace {

class Chat : public ::testing::Test {
  protected:
    void SetUp() override { write_tiny_model(folder.path() / "work/tiny.gguf"); }

    Ran piped(std::string input, std::vector<std::string> more = {}) {
        std::vector<std::string> words = {"chat", "tiny.gguf", "--temp", "0", "-n", "4"};
        words.insert(words.end(), more.begin(), more.end());
        Ran run = folder.run(words, {.input = std::move(input)});
        EXPECT_EQ(run.exit_code, 0) << run.err;
        return run;
    }
    Json kept(const std::string& file) {
        Json saved = Json::parse(folder.read(file)).value_or(Json());
        auto schema = Json::parse(*read_file(schema_file("conversation"), 100'000));
        for (const std::string& wrong : schema_errors(*schema, saved)) ADD_FAILURE() << wrong;
        return saved;
    }
    std::vector<std::string> roles(const std::string& file) {
        std::vector<std::string> out;
        Json saved = kept(file);
        for (const Json& message : *saved.find("messages")->as_array())
            out.push_back(message.string_or("role", ""));
        return out;
    }
    std::string content(const std::string& file, size_t place) {
        Json saved = kept(file);
        return saved.find("messages")->as_array()->at(place).string_or("content", "");
    }
    Terminal terminal(const std::vector<std::string>& more = {}, std::string editor = "") {
        std::vector<std::string> words = {linnet_binary().string(), "chat", "tiny.gguf"};
        words.insert(words.end(), more.begin(), more.end());
        auto variables = folder.environment();
        variables["EDITOR"] = std::move(editor);
        return Terminal(words, variables, folder.path() / "work");
    }

    RunFolder folder;
};

using Roles = std::vector<std::string>;

TEST_F(Chat, UndoAndRegenerateChangeWhatWasSaid) {
    piped("one\ntwo\n/save a.json\n/regenerate\n/save b.json\n/undo\n/save c.json\n/undo\n/undo\n");
    EXPECT_EQ(roles("work/a.json"), (Roles{"user", "assistant", "user", "assistant"}));
    EXPECT_EQ(roles("work/b.json"), roles("work/a.json"));
    EXPECT_EQ(content("work/b.json", 2), "two");
    EXPECT_EQ(roles("work/c.json"), (Roles{"user", "assistant"}));
    Ran nothing = piped("/undo\n/regenerate\n");
    EXPECT_NE(nothing.err.find("nothing was asked yet"), std::string::npos);
    // Another seed, another answer: any token may come, and so many that chance repeats none.
    piped(
        "/set tokens 40\none\n/save d.json\n"
        "/set temp 50\n/set top_p 1\n/set top_k 0\n/set min_p 0\n/regenerate\n/save e.json\n");
    EXPECT_NE(content("work/d.json", 1), content("work/e.json", 1));
}

TEST_F(Chat, ConversationsAreKeptUnderNames) {
    piped("hello\n/save My-Talk\n");
    std::string file = "home/.local/share/linnet/conversations/my-talk.json";
    EXPECT_EQ(roles(file), (Roles{"user", "assistant"}));
    EXPECT_EQ(kept(file).string_or("model", ""), "tiny.gguf");
    Ran run = piped("/load\n/load my-talk\n/stats\n/load absent\n/save a/b\n/save what?\n");
    EXPECT_NE(run.out.find("my-talk"), std::string::npos);
    EXPECT_NE(run.out.find("0 answers, 2 messages"), std::string::npos) << run.out;
    EXPECT_NE(run.err.find("absent.json"), std::string::npos) << run.err;
    EXPECT_NE(run.err.find("no name to keep it under"), std::string::npos) << run.err;
    folder.write("work/bad.json", R"({"messages": [{"role": "tool", "content": "x"}]})");
    EXPECT_NE(piped("/load bad.json\n").err.find("message 1 has no role"), std::string::npos);
}

TEST_F(Chat, SettingsAreShownWithTheirOrigin) {
    Ran run = piped(
        "/set top_k 5\n/set think off\n/set think_budget 9\n/set tokens 2\n/show\n"
        "/set top_k 1.5\n/set tmp 1\n/set think loudly\nhi\n/save a.json\n",
        {"--seed", "3"});
    for (const char* part : {"top_k", "/set", "flag", "built-in", "think_budget  9", "off"})
        EXPECT_NE(run.out.find(part), std::string::npos) << part << run.out;
    EXPECT_NE(run.err.find("whole number"), std::string::npos) << run.err;
    EXPECT_NE(run.err.find("/set temp VALUE"), std::string::npos) << run.err;
    EXPECT_NE(run.err.find("show, hide or off"), std::string::npos) << run.err;
    EXPECT_LE(content("work/a.json", 1).size(), 8u);
}

TEST_F(Chat, ABackslashAndQuotesMakeOneMessage) {
    piped("one\\\ntwo\n\"\"\"three\nfour\"\"\"\n/save a.json\n");
    EXPECT_EQ(content("work/a.json", 0), "one\ntwo");
    EXPECT_EQ(content("work/a.json", 2), "three\nfour");
}

TEST_F(Chat, WhatIsTooLongIsTakenBackAndTheChatGoesOn) {
    Ran run = piped(cat(std::string(2000, 'x'), "\nhello\n/save a.json\n"));
    EXPECT_NE(run.err.find("the context holds"), std::string::npos) << run.err;
    EXPECT_NE(run.err.find("/undo or /reset"), std::string::npos) << run.err;
    EXPECT_EQ(content("work/a.json", 0), "hello");
}

TEST_F(Chat, OnATerminalItHasHistoryCompletionAndPaste) {
    {
        Terminal chat = terminal({"-n", "3", "--temp", "0"});
        ASSERT_TRUE(chat.wait_for("> ")) << chat.all();
        chat.send("/reg\t\r");
        EXPECT_TRUE(chat.wait_for("nothing was asked yet")) << printable(chat.all());
        chat.send("/s\t\t");
        for (const char* listed : {"/system", "/set", "/show", "/save", "/stats"})
            EXPECT_TRUE(chat.wait_for(cat(listed))) << printable(chat.all());
        chat.send("\x15/set top_\t\t");
        EXPECT_TRUE(chat.wait_for("/set top_n_sigma ")) << printable(chat.all());
        chat.send("\x15\x1b[200~first\nsecond\x1b[201~\r");
        EXPECT_TRUE(chat.wait_for("\x1b[?2004h")) << printable(chat.all());  // it asks again
        chat.send("/save p.json\r");
        EXPECT_TRUE(chat.wait_for("Saved 2 messages")) << printable(chat.all());
        ASSERT_TRUE(chat.wait_for("\x1b[?2004h"));
        chat.send("\x04");
        EXPECT_EQ(chat.wait_for_end(), 0);
    }
    EXPECT_EQ(content("work/p.json", 0), "first\nsecond");
    Path history = folder.home() / ".local/state/linnet/chat_history";
    struct stat info{};
    ASSERT_EQ(::stat(history.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0600u);
    Terminal again = terminal();
    ASSERT_TRUE(again.wait_for("> "));
    again.send("\x1b[A\x1b[A");
    EXPECT_TRUE(again.wait_for("first")) << printable(again.all());
    again.send("\x03/bye\r");
    EXPECT_EQ(again.wait_for_end(), 0);
}

TEST_F(Chat, AQuestionIsChangedInTheUsersEditor) {
    {
        Terminal chat = terminal({"-n", "3", "--temp", "0"}, "sed -i 's/one/two/;s/^$/new/'");
        ASSERT_TRUE(chat.wait_for("> "));
        chat.send("one and more\r");
        ASSERT_TRUE(chat.wait_for("\x1b[?2004h"));
        chat.send("/edit\r");
        ASSERT_TRUE(chat.wait_for("\x1b[?2004h"));
        chat.send("/save e.json\r");
        EXPECT_TRUE(chat.wait_for("Saved 2 messages")) << printable(chat.all());
        ASSERT_TRUE(chat.wait_for("\x1b[?2004h"));
        chat.send("\x04");
        EXPECT_EQ(chat.wait_for_end(), 0);
    }
    EXPECT_EQ(content("work/e.json", 0), "two and more");
    Terminal chat = terminal({}, "false");
    ASSERT_TRUE(chat.wait_for("> "));
    chat.send("/edit\r");
    EXPECT_TRUE(chat.wait_for("did not end well")) << printable(chat.all());
    EXPECT_TRUE(chat.wait_for("\x1b[?2004h"));
    chat.send("\x04");
    EXPECT_EQ(chat.wait_for_end(), 0);
    EXPECT_NE(piped("/edit\n").err.find("needs a terminal"), std::string::npos);
}

// Writes a model whose greedy answer to "hello" does not end: random weights repeat themselves.
void write_endless_model(const RunFolder& folder) {
    for (uint64_t seed = 1; seed < 50; seed++) {
        write_tiny_model(folder.path() / "work/tiny.gguf", {.context = 200'000, .seed = seed});
        Ran run = folder.run({"run", "tiny.gguf", "hello", "--temp", "0", "-n", "3000", "--json"});
        if (run.out.find("\"length\"") != std::string::npos) return;
    }
    FAIL() << "every model comes to an end";
}

TEST_F(Chat, CtrlCStopsTheAnswerAndNotTheProgram) {
    ASSERT_NO_FATAL_FAILURE(write_endless_model(folder));
    Terminal chat = terminal({"--temp", "0", "--context", "200000"});
    ASSERT_TRUE(chat.wait_for("> ")) << chat.all();
    chat.send("hello\r");
    ASSERT_TRUE(chat.wait_for("\x1b[?2004l"));  // it answers now
    chat.send("\x03");
    ASSERT_TRUE(chat.wait_for("\x1b[?2004h")) << printable(chat.all(), 1000);
    chat.send("/stats\r");
    EXPECT_TRUE(chat.wait_for("0 answers")) << printable(chat.all());  // none came to its end
    ASSERT_TRUE(chat.wait_for("\x1b[?2004h"));
    chat.send("\x03");
    EXPECT_TRUE(chat.wait_for("a second Ctrl-C leaves")) << printable(chat.all());
    chat.send("\x03");
    EXPECT_EQ(chat.wait_for_end(), 130);
}

}  // namespace
}  // namespace linnet::testing
