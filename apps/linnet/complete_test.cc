// Completion, asked as the scripts ask, and in the shells themselves.
#include <gtest/gtest.h>

#include "base/text.h"
#include "linnet/testing/process.h"
#include "linnet/testing/terminal.h"

namespace linnet::testing {
namespace {

// The values offered, joined by spaces.
std::string offered(std::vector<std::string> words) {
    RunFolder folder;
    words.insert(words.begin(), {"__complete", "--"});
    Ran run = folder.run(words);
    EXPECT_EQ(run.exit_code, 0) << run.err;
    std::vector<std::string> values;
    for (std::string_view line : split(run.out, '\n'))
        if (!line.empty()) values.emplace_back(line.substr(0, line.find('\t')));
    return join(values, " ");
}

TEST(Complete, OffersCommandsOptionsAndValues) {
    EXPECT_EQ(offered({"conf"}), "config");
    EXPECT_EQ(offered({"config", "s"}), "set show");
    EXPECT_EQ(offered({"--json", "config", "s"}), "set show");
    EXPECT_EQ(offered({"config", "show", "--or"}), "--origin");
    EXPECT_EQ(offered({"config", "show", "--color", ""}), "auto always never");
    EXPECT_EQ(offered({"--color", "a"}), "auto always");
    EXPECT_EQ(offered({"config", "show", "--color=a"}), "--color=auto --color=always");
    EXPECT_EQ(offered({"config", "set", "output.color", "n"}), "never");
    EXPECT_EQ(offered({"config", "get", "log."}), "log.level log.file log.format");
    EXPECT_EQ(offered({"help", "config", "va"}), "validate");
    EXPECT_EQ(offered({"config", "validate", ""}), ":files");
    EXPECT_EQ(offered({"completion", "f"}), "fish");
}

TEST(Complete, OffersNothingWhereNothingFits) {
    EXPECT_EQ(offered({"nonsense", ""}), "");
    EXPECT_EQ(offered({"config", "nonsense", ""}), "");
    EXPECT_EQ(offered({"config", "get", "run.threads", ""}), "");
    EXPECT_EQ(offered({"config", "get", "--timeout", ""}), "");
    EXPECT_EQ(offered({"completion", "--", "--js"}), "");
    EXPECT_EQ(offered({""}).find("__complete"), std::string::npos);
    RunFolder folder;
    EXPECT_EQ(folder.run({"__complete"}).out, "");
}

std::map<std::string, std::string> shell_variables(const RunFolder& folder) {
    auto variables = folder.environment();
    variables["PATH"] = cat(linnet_binary().parent_path().string(), ":", variables["PATH"]);
    variables["PS1"] = variables["PROMPT"] = "> ";
    variables["INPUTRC"] = "/dev/null";
    return variables;
}

// Starts an interactive shell with the script loaded.
std::unique_ptr<Terminal> shell(const RunFolder& folder, std::vector<std::string> command,
                                const std::vector<std::string>& set_up) {
    auto terminal = std::make_unique<Terminal>(std::move(command), shell_variables(folder),
                                               folder.path() / "work");
    for (const std::string& line : set_up) terminal->send(line + "\r");
    terminal->send("echo rea''dy\r");
    EXPECT_TRUE(terminal->wait_for("ready") && terminal->wait_for("> ")) << terminal->all();
    return terminal;
}

// Keys with Tabs lead to a command whose output is seen: what was completed is what ran.
void expect_keys(Terminal& terminal, std::string_view keys, std::string_view output) {
    SCOPED_TRACE(std::string(keys));
    terminal.send(cat(keys, "\r"));
    EXPECT_TRUE(terminal.wait_for(cat(output, "\r\n")) && terminal.wait_for("> "))
        << printable(terminal.all(), 100'000);
}

bool has(const char* program) {
    return RunFolder().run_program({"sh", "-c", cat("command -v ", program)}).exit_code == 0;
}

void try_shell(Terminal& terminal, const RunFolder& folder) {
    folder.write("work/has space.toml", "run.threads = 7\n");
    expect_keys(terminal, "linnet conf\tge\trun.thr\t", "0");
    expect_keys(terminal, "linnet config get run.th\t --config=has\t", "7");
    expect_keys(terminal, "linnet config set output.color nev\t && linnet config get outp\t",
                "never");
    expect_keys(terminal, "linnet config get log.lev\t --log-level=err\t", "error");
}

TEST(Complete, TheScriptsComeAsDocumentsToo) {
    RunFolder folder;
    expect_document("completion", folder.run({"completion", "zsh", "--json"}));
    EXPECT_EQ(folder.run({"completion", "tcsh"}).exit_code, 2);
}

TEST(Complete, WorksInBash) {
    if (!has("bash")) GTEST_SKIP() << "bash is absent";
    RunFolder folder;
    auto terminal = shell(folder, {"bash", "--norc", "--noprofile", "-i"},
                          {"source <(linnet completion bash)"});
    try_shell(*terminal, folder);
}

TEST(Complete, WorksInZsh) {
    if (!has("zsh")) GTEST_SKIP() << "zsh is absent";
    RunFolder folder;
    auto terminal =
        shell(folder, {"zsh", "-f", "-i"},
              {"autoload -Uz compinit && compinit -u -D", "source <(linnet completion zsh)"});
    try_shell(*terminal, folder);
}

TEST(Complete, WorksInFish) {
    if (!has("fish")) GTEST_SKIP() << "fish is absent";
    RunFolder folder;
    folder.write("work/some.toml", "");
    auto ask = [&](std::string_view line) {
        Ran run =
            folder.run_program({"fish", "--no-config", "-c",
                                cat("linnet completion fish | source; complete -C '", line, "'")},
                               {.environment = shell_variables(folder)});
        EXPECT_EQ(run.exit_code, 0) << run.err;
        std::vector<std::string> values;
        for (std::string_view each : split(run.out, '\n'))
            if (!each.empty()) values.emplace_back(each.substr(0, each.find('\t')));
        return join(values, " ");
    };
    EXPECT_EQ(ask("linnet conf"), "config");
    EXPECT_EQ(ask("linnet config get run.th"), "run.threads");
    EXPECT_EQ(ask("linnet config set output.color nev"), "never");
    EXPECT_EQ(ask("linnet config show --color=al"), "--color=always");
    EXPECT_EQ(ask("linnet config validate so"), "some.toml");
}

}  // namespace
}  // namespace linnet::testing
