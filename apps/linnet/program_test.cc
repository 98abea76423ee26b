// The frame's promises, tried on the built program.
#include <gtest/gtest.h>

#include "base/text.h"
#include "linnet/command.h"
#include "linnet/testing/process.h"

namespace linnet::testing {
namespace {

TEST(Program, TellsItsVersion) {
    RunFolder folder;
    Ran run = folder.run({"--version"});
    EXPECT_EQ(run.exit_code, 0);
    EXPECT_TRUE(run.out.starts_with("linnet ")) << run.out;
    expect_document("version", folder.run({"--version", "--json"}));
}

TEST(Program, HelpsInAtMostFortyLines) {
    RunFolder folder;
    std::vector<std::vector<std::string>> levels = {{"--help"}, {}};
    for (const CommandRow& row : command_table()) {
        std::vector<std::string> words;
        for (std::string_view word : split(row.name, ' ')) words.emplace_back(word);
        words.push_back("--help");
        levels.push_back(words);
    }
    for (const GroupRow& row : command_groups())
        levels.push_back({std::string(row.name), "--help"});
    for (const auto& level : levels) {
        SCOPED_TRACE(join(level, " "));
        Ran run = folder.run(level);
        EXPECT_EQ(run.exit_code, 0) << run.err;
        EXPECT_NE(run.out.find("Usage: linnet"), std::string::npos) << run.out;
        EXPECT_LE(std::count(run.out.begin(), run.out.end(), '\n'), 40) << run.out;
        for (std::string_view line : split(run.out, '\n'))
            EXPECT_LE(display_width(line), 100u) << line;
    }
}

TEST(Program, SuggestsTheNearestCommandAndOption) {
    RunFolder folder;
    Ran run = folder.run({"hlep"});
    EXPECT_EQ(run.exit_code, 2);
    EXPECT_EQ(run.err, "linnet: there is no command 'hlep'\n  try: linnet help\n");
    run = folder.run({"help", "--quite"});
    EXPECT_EQ(run.exit_code, 2);
    EXPECT_EQ(run.err, "linnet: unknown option '--quite'\n  try: --quiet\n");
    run = folder.run({"hlep", "--json"});
    EXPECT_EQ(run.exit_code, 2);
    expect_document("version", run);
}

TEST(Program, TakesGlobalFlagsOnBothSides) {
    RunFolder folder;
    Ran before = folder.run({"--log-level", "debug", "--color=always", "--json", "help"});
    Ran after = folder.run({"help", "--json", "--log-level", "debug", "--color=always"});
    EXPECT_EQ(before.exit_code, 0) << before.err;
    EXPECT_EQ(before.out, after.out);
    expect_document("help", before);
}

TEST(Program, NoticesAFullDiskAndAReaderThatLeft) {
    RunFolder folder;
    Ran run = folder.run({"help"}, {.stdout_file = "/dev/full"});
    EXPECT_EQ(run.exit_code, 6);
    EXPECT_NE(run.err.find("the disk is full"), std::string::npos) << run.err;
    run = folder.run({"help"}, {.close_stdout_early = true});
    EXPECT_EQ(run.exit_code, 128 + SIGPIPE);
    EXPECT_EQ(run.err, "");
}

}  // namespace
}  // namespace linnet::testing
