// The line editor on a pseudo-terminal: keys in, lines and screens out.
#include "linnet/line_editor.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/json.h"
#include "base/text.h"
#include "linnet/testing/process.h"
#include "linnet/testing/terminal.h"

namespace linnet::testing {
namespace {

struct Editing {
    RunFolder folder;
    TerminalOptions options;
    Terminal terminal;

    explicit Editing(std::vector<std::string> more = {}, TerminalOptions with = {},
                     const std::string& term = "xterm")
        : options(with), terminal(command(more), variables(term), folder.path() / "work", with) {
        EXPECT_TRUE(terminal.wait_for(">>> ")) << terminal.all();
    }
    static std::vector<std::string> command(const std::vector<std::string>& more) {
        std::vector<std::string> words = {std::getenv("LINNET_PROBE"), "edit"};
        words.insert(words.end(), more.begin(), more.end());
        return words;
    }
    std::map<std::string, std::string> variables(const std::string& term) const {
        auto out = folder.environment();
        out["TERM"] = term;
        return out;
    }
    void expect(std::string_view keys, std::string_view line) {
        SCOPED_TRACE(printable(keys));
        terminal.send(keys);
        EXPECT_TRUE(terminal.wait_for(cat("got: ", json_quote(line), "\r\n")))
            << printable(terminal.all(), 100'000);
        EXPECT_TRUE(terminal.wait_for(">>> "));
    }
    std::vector<std::string> screen() const {
        return screen_lines(terminal.all(), options.columns);
    }
};

constexpr std::string_view up = "\x1b[A", down = "\x1b[B", left = "\x1b[D", home = "\x1b[H";
constexpr std::string_view paste_begin = "\x1b[200~", paste_end = "\x1b[201~";

TEST(LineEditor, EditsALine) {
    Editing editing;
    editing.expect("hello\r", "hello");
    editing.expect("helo\x1b[Dl\r", "hello");
    editing.expect("world\x01hello \x05!\r", "hello world!");
    editing.expect(
        "one two three\x17\x17"
        "2 3\r",
        "one 2 3");
    editing.expect("dropped\x15kept\x0b\r", "kept");
    editing.expect("abc\x02\x02\x04\r", "ac");
    editing.expect("word\x17 \x19\x19\r", " wordword");
    editing.expect(cat("grün 日本", left, "\x7f!\r"), "grün !本");
    editing.expect(
        "\x1b"
        "bfirst\x1b"
        "f\x1b[1;5D\x1b[3~\r",
        "irst");
    editing.expect("\x1b[99;99z\x1b[5~ok\x1f\r", "ok");  // keys it does not know do nothing
    editing.expect("\r", "");
}

TEST(LineEditor, KeepsAHistory) {
    Editing editing;
    editing.expect("first\r", "first");
    editing.expect("second\r", "second");
    editing.expect(cat(up, up, "\r"), "first");
    editing.expect(cat("unfinished", up, up, down, down, " line\r"), "unfinished line");
    editing.expect("\x12sec\x05!\r", "second!");
    editing.expect(
        "\x12"
        "ir\x12\x05\r",
        "first");
    editing.expect("mine\x12sec\x03 line\r", "mine line");
}

TEST(LineEditor, KeepsTheHistoryInAPrivateFile) {
    Editing editing({"--history", "sub/history"});
    editing.expect("\"\"\"one\rtwo\"\"\"\r", "one\ntwo");
    editing.expect("three\r", "three");
    editing.expect("three\r", "three");
    EXPECT_EQ(editing.folder.read("work/sub/history"), "\"one\\ntwo\"\n\"three\"\n");
    struct stat found{};
    ASSERT_EQ(::stat((editing.folder.path() / "work/sub/history").c_str(), &found), 0);
    EXPECT_EQ(found.st_mode & 0777u, 0600u);
    auto history = History::open(editing.folder.path() / "work/sub/history");
    ASSERT_TRUE(history);
    EXPECT_EQ(history->entries(), (std::vector<std::string>{"one\ntwo", "three"}));
}

TEST(History, IsBoundedAndSurvivesDamage) {
    RunFolder folder;
    std::string text = "not json\n\"kept\"\n{}\n\xff\n";
    for (int i = 0; i < 1500; i++) text += cat("\"line ", i, "\"\n");
    folder.write("history", text);
    auto history = History::open(folder.path() / "history");
    ASSERT_TRUE(history) << history.error().what;
    EXPECT_EQ(history->entries().size(), History::entries_max);
    EXPECT_EQ(history->entries().back(), "line 1499");
    EXPECT_TRUE(history->add(std::string(20'000, 'x')));
    EXPECT_TRUE(history->add(" "));
    EXPECT_EQ(history->entries().back(), "line 1499");
    EXPECT_TRUE(history->add("new"));
    EXPECT_EQ(history->entries().size(), History::entries_max);
    EXPECT_TRUE(folder.read("history").ends_with("\"line 1499\"\n\"new\"\n"));
}

TEST(LineEditor, TakesSeveralLines) {
    Editing editing;
    editing.expect("one\\\rtwo\\\rthree\r", "one\ntwo\nthree");
    editing.expect("\"\"\"\rone\r\rtwo\r\"\"\"\r", "one\n\ntwo");
    editing.expect("\"\"\"all in one\"\"\"\r", "all in one");
    editing.expect("one\x1b\rtwo\r", "one\ntwo");
    editing.expect(cat("one\x1b\rtwo", up, "!", down, "?\r"), "one!\ntwo?");
}

TEST(LineEditor, TakesAPasteAsText) {
    Editing editing;
    editing.expect(cat(paste_begin, "one\r\ntwo\tx\rthree", paste_end, " end\r"),
                   "one\ntwo\tx\nthree end");
    editing.expect(cat(paste_begin, "a\x1b[31mb\x07\xff\xc3\xa9", paste_end, "\r"),
                   "a[31mb\uFFFDé");
    editing.expect(cat(paste_begin, paste_end, "x\r"), "x");
}

TEST(LineEditor, Completes) {
    Editing editing;
    editing.expect("/b\t\r", "/bye");
    editing.expect("/h\te\t\r", "/help");
    editing.expect("ü\tα\r", "ünα");  // the two differ in the second byte of a character
    editing.terminal.send("/h\t\t");
    EXPECT_TRUE(editing.terminal.wait_for("/help\r") && editing.terminal.wait_for("/history\r"));
    editing.expect("i\t\r", "/history");
    editing.expect("zz\t\r", "zz");
}

TEST(LineEditor, EndsByCtrlDAndDropsByCtrlC) {
    Editing editing;
    editing.terminal.send("dropped\x03");
    EXPECT_TRUE(editing.terminal.wait_for(">>> "));
    editing.expect("kept\r", "kept");
    editing.terminal.send("\x04");
    EXPECT_TRUE(editing.terminal.wait_for("over"));
    EXPECT_EQ(editing.terminal.wait_for_end(), 0);

    Editing twice;
    twice.terminal.send("\x03");
    EXPECT_TRUE(twice.terminal.wait_for("leaves"));
    twice.terminal.send("\x03");
    EXPECT_EQ(twice.terminal.wait_for_end(), 130);
    EXPECT_TRUE(twice.terminal.all().find("\x1b[?2004l") != std::string::npos);
}

TEST(LineEditor, DrawsWhatIsWritten) {
    for (uint16_t columns : std::vector<uint16_t>{20, 40, 100}) {
        Editing editing({}, {.columns = columns});
        std::string text;
        for (int i = 0; i < 30; i++) text += "wide 日本 ";
        editing.terminal.send(cat(text, home));
        EXPECT_TRUE(editing.terminal.wait_for("A\r\x1b[4C"));  // up, to behind the prompt
        std::string screen;
        for (const std::string& line : editing.screen()) screen += replace_all(line, " ", "");
        EXPECT_EQ(screen, replace_all(cat(">>> ", text), " ", "")) << "at " << columns;
        editing.expect("\r", text);
    }
}

TEST(LineEditor, ATextTallerThanTheWindowScrolls) {
    Editing editing({}, {.columns = 20, .rows = 5});
    std::string text;
    for (int i = 0; i < 20; i++) text += cat("line ", i, "\n");
    editing.terminal.send(cat(paste_begin, text, paste_end));
    EXPECT_TRUE(editing.terminal.wait_for("line 19"));
    editing.expect(cat(up, up, "!\r"),
                   "line 0\n" + text.substr(7).insert(text.find("line 18") - 7, "!"));
}

TEST(LineEditor, FollowsTheWindow) {
    Editing editing({}, {.columns = 80});
    editing.terminal.send("one two three four five six seven");
    EXPECT_TRUE(editing.terminal.wait_for("seven"));
    editing.terminal.resize(12, 10);
    editing.expect("!\r", "one two three four five six seven!");
}

TEST(LineEditor, ASignalRestoresTheTerminal) {
    Editing editing;
    editing.terminal.send("text");
    EXPECT_TRUE(editing.terminal.wait_for("text"));
    editing.terminal.signal(SIGTERM);
    EXPECT_EQ(editing.terminal.wait_for_end(), 143);
    EXPECT_NE(editing.terminal.all().find("\x1b[?2004l"), std::string::npos);
}

TEST(LineEditor, SuspendsAndComesBack) {
    RunFolder folder;
    auto variables = folder.environment();
    variables["PS1"] = "$ ";
    Terminal terminal({"sh", "-i"}, variables, folder.path() / "work");
    ASSERT_TRUE(terminal.wait_for("$ "));
    terminal.send(cat(std::getenv("LINNET_PROBE"), " edit\r"));
    ASSERT_TRUE(terminal.wait_for(">>> "));
    terminal.send("half");
    ASSERT_TRUE(terminal.wait_for("half"));
    terminal.send("\x1a");
    ASSERT_TRUE(terminal.wait_for("$ ")) << terminal.all();
    terminal.send("fg\r");
    ASSERT_TRUE(terminal.wait_for("half")) << terminal.all();
    terminal.send(" whole\r");
    EXPECT_TRUE(terminal.wait_for("got: \"half whole\"")) << terminal.all();
}

TEST(LineEditor, ReadsPlainLinesWithoutATerminal) {
    RunFolder folder;
    auto read = [&](std::string_view input) {
        return folder.run_program({std::getenv("LINNET_PROBE"), "edit"},
                                  {.input = std::string(input)});
    };
    EXPECT_EQ(read("one\ntwo\r\nlast").out, "got: \"one\"\ngot: \"two\"\ngot: \"last\"\nover\n");
    EXPECT_EQ(read("").out, "over\n");
    EXPECT_EQ(read("\n\n").out, "got: \"\"\ngot: \"\"\nover\n");
    EXPECT_EQ(read("\"\"\"\na\nb\n\"\"\"\nc\\\nd\n").out, "got: \"a\\nb\"\ngot: \"c\\nd\"\nover\n");
    EXPECT_EQ(read("\"\"\"\nnever closed").out, "got: \"never closed\"\nover\n");
    EXPECT_EQ(read("goes on\\").out, "got: \"goes on\\n\"\nover\n");
    EXPECT_EQ(read(std::string(3'000'000, 'x')).exit_code, 10);
}

TEST(LineEditor, ADumbTerminalEditsByItself) {
    Editing editing({}, {}, "dumb");
    editing.expect("plain\r", "plain");
    EXPECT_EQ(editing.terminal.all().find('\x1b'), std::string::npos);
    editing.terminal.send("\x04");
    EXPECT_EQ(editing.terminal.wait_for_end(), 0);
}

}  // namespace
}  // namespace linnet::testing
