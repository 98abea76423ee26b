// Signals, failures, progress and colours, tried on a program with the same frame and commands made
// for the purpose (testing/probe.cc).
#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>

#include "base/text.h"
#include "linnet/output.h"
#include "linnet/testing/process.h"
#include "linnet/testing/terminal.h"

namespace linnet::testing {
namespace {

std::string probe() {
    const char* set = std::getenv("LINNET_PROBE");
    check(set != nullptr, "LINNET_PROBE names the probe; ctest sets it");
    return set;
}

Ran probe_run(std::vector<std::string> words, const RunOptions& options = {}) {
    words.insert(words.begin(), probe());
    return RunFolder().run_program(words, options);
}

struct ProbeTerminal {
    RunFolder folder;
    Terminal terminal;
    ProbeTerminal(std::vector<std::string> words, TerminalOptions options = {},
                  const std::map<std::string, std::string>& more = {})
        : terminal(command(std::move(words)), variables(more), folder.path(), options) {}

    static std::vector<std::string> command(std::vector<std::string> words) {
        words.insert(words.begin(), probe());
        return words;
    }
    std::map<std::string, std::string> variables(const std::map<std::string, std::string>& more) {
        auto out = folder.environment();
        for (const auto& [name, value] : more) out[name] = value;
        return out;
    }
};

TEST(Frame, ASignalEndsACommandWithItsCode) {
    for (int signal : {SIGINT, SIGTERM, SIGHUP}) {
        Ran run = probe_run({"wait"}, {.signal = signal, .signal_when = "waiting"});
        EXPECT_EQ(run.exit_code, 128 + signal);
        EXPECT_EQ(run.err, "waiting\nlinnet: interrupted\n");
        run = probe_run({"wait", "--json"}, {.signal = signal, .signal_when = "waiting"});
        EXPECT_EQ(run.exit_code, 128 + signal);
        EXPECT_NE(run.out.find(R"("code": "interrupted")"), std::string::npos) << run.out;
    }
}

TEST(Frame, ASecondCtrlCEndsEvenADeafCommand) {
    ProbeTerminal on({"wait", "--deaf"});
    ASSERT_TRUE(on.terminal.wait_for("waiting"));
    on.terminal.send("\x03");
    ASSERT_TRUE(on.terminal.wait_for("asked to end"));
    on.terminal.send("\x03");
    EXPECT_EQ(on.terminal.wait_for_end(), 130);
}

TEST(Frame, ATimeOutIsToldAsOne) {
    Ran run = probe_run({"wait", "--timeout", "50ms"});
    EXPECT_EQ(run.exit_code, 7);
    EXPECT_NE(run.err.find("--timeout"), std::string::npos) << run.err;
    EXPECT_EQ(probe_run({"wait", "--timeout", "soon"}).exit_code, 2);
    EXPECT_EQ(probe_run({"--timeout=0", "wait"}).exit_code, 7);
}

TEST(Frame, AReaderThatLeavesEndsAStreamQuietly) {
    Ran run = probe_run({"stream"}, {.close_stdout_early = true});
    EXPECT_EQ(run.exit_code, 128 + SIGPIPE);
    EXPECT_EQ(run.err, "");
}

TEST(Frame, AFullDiskEndsAStreamWithAnError) {
    Ran run = probe_run({"stream"}, {.stdout_file = "/dev/full"});
    EXPECT_EQ(run.exit_code, 6);
    EXPECT_EQ(run.err,
              "linnet: cannot write the output to stdout: the disk is full\n"
              "  try: free some space and try again\n");
}

TEST(Frame, AClosedStdoutIsAnError) {
    RunFolder folder;
    Ran run = folder.run_program({"sh", "-c", "exec \"$0\" help >&-", linnet_binary().string()});
    EXPECT_EQ(run.exit_code, 10);
    EXPECT_NE(run.err.find("cannot write the output"), std::string::npos) << run.err;
}

TEST(Frame, ABugIsToldAndWhatWasWrittenIsKept) {
    for (std::string how : {"throw", "memory", "check"}) {
        Ran run = probe_run({"fail", how});
        EXPECT_EQ(run.exit_code, 1) << how;
        EXPECT_NE(run.err.find("this is a bug in linnet"), std::string::npos) << run.err;
        EXPECT_EQ(run.err.find('\x1b'), std::string::npos) << run.err;
        if (how != "check") {
            EXPECT_EQ(run.out, "before\n") << how;
        }
    }
}

TEST(Frame, AFailedGateKeepsTheResultInTheDocument) {
    Ran run = probe_run({"fail", "gate", "--json"});
    EXPECT_EQ(run.exit_code, 11);
    EXPECT_EQ(run.out, R"({"score": 0.5, "error": {"code": "gate", )"
                       R"("message": "the score 0.5 is below 0.9", "next": "train longer"}})"
                       "\n");
    EXPECT_EQ(run.err, "linnet: the score 0.5 is below 0.9\n  try: train longer\n");
}

TEST(Frame, WhatRunsUntilStoppedHasNoJson) {
    EXPECT_EQ(probe_run({"endless"}).exit_code, 0);
    EXPECT_EQ(probe_run({"endless", "--json"}).exit_code, 2);
}

TEST(Frame, ColoursComeOutOnlyWhereTheyAreWanted) {
    auto colored = [](const std::string& text) { return text.find("\x1b[") != text.npos; };
    EXPECT_FALSE(colored(probe_run({"paint"}).out));
    EXPECT_TRUE(colored(probe_run({"paint", "--color", "always"}).out));
    EXPECT_TRUE(colored(probe_run({"paint", "--color=always"}).err));
    EXPECT_TRUE(
        colored(probe_run({"paint"}, {.environment = {{"LINNET_OUTPUT_COLOR", "always"}}}).out));
    auto on_terminal = [&](std::vector<std::string> words,
                           const std::map<std::string, std::string>& more = {}) {
        ProbeTerminal on(words, {}, more);
        EXPECT_EQ(on.terminal.wait_for_end(), 0);
        return colored(on.terminal.all());
    };
    EXPECT_TRUE(on_terminal({"paint"}));
    EXPECT_FALSE(on_terminal({"paint", "--color", "never"}));
    EXPECT_FALSE(on_terminal({"paint"}, {{"NO_COLOR", "1"}}));
    EXPECT_TRUE(on_terminal({"paint"}, {{"NO_COLOR", ""}}));
    EXPECT_FALSE(on_terminal({"paint"}, {{"TERM", "dumb"}}));
}

TEST(Frame, QuietSilencesNotesAndKeepsResults) {
    Ran run = probe_run({"paint", "-q"});
    EXPECT_EQ(run.out, "green\n");
    EXPECT_EQ(run.err.find("note"), std::string::npos) << run.err;
    EXPECT_EQ(run.err.find("careful"), std::string::npos) << run.err;
    run = probe_run({"paint", "--json"});
    EXPECT_EQ(run.out, "");  // it gave no document
    EXPECT_NE(run.err.find("note"), std::string::npos) << run.err;
}

TEST(Frame, TheLogGoesWhereTheSettingsSay) {
    RunFolder folder;
    Ran run = folder.run_program({probe(), "paint"});
    EXPECT_NE(run.err.find("logged  why=test"), std::string::npos) << run.err;
    run = folder.run_program({probe(), "paint", "--log-level", "off"});
    EXPECT_EQ(run.err.find("logged"), std::string::npos) << run.err;
    run = folder.run_program({probe(), "paint"}, {.environment = {{"LINNET_LOG_FILE", "it.log"},
                                                                  {"LINNET_LOG_FORMAT", "json"}}});
    EXPECT_EQ(run.err.find("logged"), std::string::npos) << run.err;
    EXPECT_NE(folder.read("work/it.log").find(R"("message": "logged")"), std::string::npos);
}

TEST(TerminalProgress, DrawsABarAndClearsIt) {
    for (uint16_t columns : std::vector<uint16_t>{200, 100, 60, 40, 20}) {
        ProbeTerminal on({"work", "--step", "pulling smollm2-135m"}, {.columns = columns});
        EXPECT_EQ(on.terminal.wait_for_end(), 0);
        SCOPED_TRACE(on.terminal.all());
        if (columns >= 80) {
            EXPECT_NE(on.terminal.all().find("━"), std::string::npos);
            EXPECT_NE(on.terminal.all().find(" left"), std::string::npos);
            auto lines = screen_lines(on.terminal.all(), columns);
            ASSERT_GE(lines.size(), 3u);
            EXPECT_EQ(lines[0], "half-way through, a note");
            EXPECT_TRUE(lines[1].starts_with("pulling smollm2-135m: 100.0 MB in ")) << lines[1];
            EXPECT_EQ(lines[2], "worked");
        }
        // No drawn line wraps, whatever the width.
        for (std::string_view frame : split(on.terminal.all(), '\r')) {
            if (frame.find("\x1b[K") == frame.npos) continue;
            EXPECT_LT(display_width(frame.substr(0, frame.find("\x1b[K"))), columns) << frame;
        }
    }
}

TEST(TerminalProgress, FollowsAResizedWindow) {
    ProbeTerminal on({"work", "--seconds", "2"}, {.columns = 120});
    ASSERT_TRUE(on.terminal.wait_for("━"));
    on.terminal.resize(30, 20);
    ASSERT_TRUE(on.terminal.wait_for("\r"));
    size_t after = on.terminal.all().size() + 200;  // what was on its way is still wide
    EXPECT_EQ(on.terminal.wait_for_end(), 0);
    std::string_view all = on.terminal.all();
    ASSERT_GT(all.size(), after);
    size_t narrow = 0;
    for (std::string_view frame : split(all.substr(all.find('\r', after) + 1), '\r')) {
        if (frame.find("\x1b[K") == frame.npos || frame.find("MB") == frame.npos) continue;
        EXPECT_LT(display_width(frame.substr(0, frame.find("\x1b[K"))), 30u) << frame;
        narrow++;
    }
    EXPECT_GT(narrow, 0u);
}

TEST(TerminalProgress, WritesPlainLinesElsewhere) {
    Ran run = probe_run({"work", "--seconds", "0.1"});
    EXPECT_EQ(run.out, "worked\n");
    EXPECT_EQ(run.err.find('\r'), std::string::npos) << run.err;
    EXPECT_EQ(run.err.find('\x1b'), std::string::npos) << run.err;
    EXPECT_TRUE(run.err.starts_with("working\nhalf-way through, a note\nworking: 100.0 MB in "))
        << run.err;
    run = probe_run({"work", "--items", "--unknown", "--seconds", "0.1"});
    EXPECT_NE(run.err.find("working: 100000000 layers in "), std::string::npos) << run.err;
    EXPECT_EQ(probe_run({"work", "--quiet", "--seconds", "0.1"}).err, "");
}

TEST(TerminalProgress, StepsFromStrangersCannotSteerTheTerminal) {
    Ran run = probe_run({"work", "--step", "a\x1b]0;owned\x07\nb", "--seconds", "0.05"});
    EXPECT_EQ(run.err.find('\x1b'), std::string::npos);
    EXPECT_EQ(run.err.find('\x07'), std::string::npos);
}

}  // namespace
}  // namespace linnet::testing
