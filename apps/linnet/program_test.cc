// The frame's promises, tried on the built program.
#include <gtest/gtest.h>

#include "base/json.h"
#include "base/testing/data.h"
#include "base/text.h"
#include "linnet/exit_codes.h"
#include "linnet/leaf.h"
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

std::vector<std::string> words_of(std::string_view name) {
    std::vector<std::string> words;
    for (std::string_view word : split(name, ' ')) words.emplace_back(word);
    return words;
}

std::vector<const CommandRow*> shown_leaves() {
    std::vector<const CommandRow*> rows;
    for (const CommandRow& row : command_table())
        if (row.group != Group::Hidden) rows.push_back(&row);
    return rows;
}

// Every wrong use of every command that its declaration lets us think of.
std::vector<std::vector<std::string>> mistakes(const Leaf& leaf) {
    std::vector<std::string> positionals;
    bool takes_many = false;
    for (const Argument& argument : leaf.syntax.arguments()) {
        if (!argument.is_positional) continue;
        positionals.push_back(argument.choices.empty() ? "1" : argument.choices[0]);
        takes_many |= argument.takes_many();
    }
    std::vector<std::vector<std::string>> out = {{"--no-such-option"}, {"--json=yes"}, {"-%"}};
    for (const Argument& argument : leaf.syntax.arguments()) {
        if (argument.is_positional && argument.is_required) out.push_back({});
        if (argument.is_positional) continue;
        std::string name = argument.long_name();
        out.push_back({name + (argument.takes_value() ? "" : "=1")});
        bool text = std::holds_alternative<std::string*>(argument.target) ||
                    std::holds_alternative<std::optional<std::string>*>(argument.target) ||
                    std::holds_alternative<std::vector<std::string>*>(argument.target);
        bool setting_text = !argument.setting.empty() && argument.choices.empty() &&
                            find_setting(argument.setting)->kind != SettingKind::Integer;
        bool judged = !argument.choices.empty() || (!text && !setting_text);
        if (argument.takes_value() && judged) out.push_back({name, "no such value"});
    }
    if (!takes_many) {
        out.push_back(positionals);
        out.back().push_back("one-too-many");
    }
    return out;
}

TEST(Program, EveryMistakeInEveryCommandIsTold) {
    RunFolder folder;
    for (const CommandRow* row : shown_leaves()) {
        Leaf leaf(*row);
        for (const auto& mistake : mistakes(leaf)) {
            std::vector<std::string> words = words_of(row->name);
            words.insert(words.end(), mistake.begin(), mistake.end());
            SCOPED_TRACE(join(words, " "));
            Ran run = folder.run(words);
            EXPECT_EQ(run.exit_code, 2) << run.out;
            EXPECT_TRUE(run.err.starts_with("linnet: ")) << run.err;
            EXPECT_NE(run.err.find("\n  try: "), std::string::npos) << run.err;
            EXPECT_EQ(run.out, "");
        }
        std::vector<std::string> words = words_of(row->name);
        words.insert(words.end(), {"--json", "--no-such-option"});
        Ran run = folder.run(words);
        EXPECT_EQ(run.exit_code, 2);
        auto document = Json::parse(run.out);
        ASSERT_TRUE(document) << run.out;
        ASSERT_TRUE(document->find("error", "code"));
        EXPECT_EQ(*document->find("error", "code"), Json("usage"));
    }
}

TEST(Program, ABrokenConfigurationIsToldByWhatReadsIt) {
    RunFolder folder;
    folder.write("home/.config/linnet/config.toml", "run.threads = \"many\"\n");
    for (const CommandRow* row : shown_leaves()) {
        Leaf leaf(*row);
        if (!leaf.command->reads_settings()) continue;
        std::vector<std::string> words = words_of(row->name);
        for (const Argument& argument : leaf.syntax.arguments()) {
            if (!argument.is_required) continue;
            if (!argument.is_positional) words.push_back(argument.names.back());
            words.push_back(argument.choices.empty() ? "1" : argument.choices[0]);
        }
        SCOPED_TRACE(join(words, " "));
        Ran run = folder.run(words);
        EXPECT_EQ(run.exit_code, 10);
        EXPECT_NE(run.err.find("config.toml:1: "), std::string::npos) << run.err;
        words.insert(words.end(), {"--config", "absent.toml"});
        EXPECT_EQ(folder.run(words).exit_code, 3);
    }
}

TEST(Program, GroupsNeedASubcommandAndKnowTheirs) {
    RunFolder folder;
    for (const GroupRow& row : command_groups()) {
        std::string name(row.name);
        EXPECT_EQ(folder.run({name}).exit_code, 2);
        EXPECT_EQ(folder.run({name, "--json"}).exit_code, 2);
        Ran run = folder.run({name, "no-such"});
        EXPECT_EQ(run.exit_code, 2);
        EXPECT_EQ(run.err, cat("linnet: there is no command '", name, " no-such'\n  try: linnet ",
                               name, " --help\n"));
    }
    EXPECT_EQ(folder.run({"config", "shwo"}).err,
              "linnet: there is no command 'config shwo'\n  try: linnet config show\n");
    EXPECT_EQ(folder.run({"--", "help"}).exit_code, 2);
    EXPECT_EQ(folder.run({"--no-such-option"}).exit_code, 2);
    EXPECT_EQ(folder.run({""}).exit_code, 2);
}

TEST(Program, OddWordsAreToldSafely) {
    RunFolder folder;
    for (std::string word : {"\x1b[2J", "--\x1b[2J", "\xff\xfe", "config\n", "--color=\x07"}) {
        Ran run = folder.run({word});
        EXPECT_EQ(run.exit_code, 2);
        for (char bad : {'\x1b', '\xff', '\x07'})
            EXPECT_EQ(run.err.find(bad), std::string::npos) << printable(run.err);
    }
    EXPECT_EQ(folder.run({std::string(100'000, 'x')}).exit_code, 2);
    EXPECT_EQ(folder.run(std::vector<std::string>(20'000, "config")).exit_code, 2);
}

TEST(Program, ExitCodesAreDocumented) {
    auto text = read_file(source_folder() / "docs/exit-codes.md", 100'000);
    ASSERT_TRUE(text) << text.error().what;
    std::vector<std::string> documented, expected;
    for (std::string_view line : split(*text, '\n'))
        if (line.starts_with("| ") && line.size() > 2 && line[2] >= '0' && line[2] <= '9')
            documented.emplace_back(line);
    for (const ExitCodeRow& row : exit_code_table())
        expected.push_back(cat("| ", row.code, " | ", row.names, row.names.empty() ? "" : " ", "| ",
                               row.meaning, " |"));
    EXPECT_EQ(documented, expected);
}

// After all tests: each command's schema was there, and met a real document.
class SchemaCoverage final : public ::testing::Environment {
  public:
    void TearDown() override {
        const auto& all = *::testing::UnitTest::GetInstance();
        for (const CommandRow* row : shown_leaves()) {
            if (Leaf(*row).syntax.is_endless()) continue;
            EXPECT_TRUE(std::filesystem::exists(schema_file(row->name)))
                << row->name << " has no schema: write " << schema_file(row->name);
            bool all_ran =
                all.test_to_run_count() == all.total_test_count() && all.skipped_test_count() == 0;
            EXPECT_TRUE(!all_ran || documents_checked().contains(std::string(row->name)))
                << "no test calls expect_document(\"" << row->name << "\", …)";
        }
    }
};
[[maybe_unused]] const auto* const coverage =
    ::testing::AddGlobalTestEnvironment(new SchemaCoverage);

}  // namespace
}  // namespace linnet::testing
