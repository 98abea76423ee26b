#include "linnet/man.h"

#include <gtest/gtest.h>

#include "base/text.h"
#include "linnet/testing/process.h"

namespace linnet::testing {
namespace {

TEST(Man, EveryCommandHasAPageWithAllSections) {
    for (const ManPage& page : Manual{command_table(), command_groups()}.all()) {
        SCOPED_TRACE(page.name);
        EXPECT_TRUE(page.roff.starts_with(".TH ")) << page.roff;
        for (std::string_view title : {"NAME", "SYNOPSIS"})
            EXPECT_NE(page.roff.find(cat("\n.SH ", title, "\n")), std::string::npos) << title;
        EXPECT_EQ(page.roff.find("\n\n"), std::string::npos) << "an empty line";
    }
    std::string roff = Manual{command_table(), command_groups()}.of_program().roff;
    for (std::string_view title : {"DESCRIPTION", "OPTIONS", "EXIT STATUS", "ENVIRONMENT", "FILES",
                                   "CONFIGURATION", "COMMANDS"})
        EXPECT_NE(roff.find(cat("\n.SH ", title, "\n")), std::string::npos) << title;
    for (const SettingRow& row : setting_table())
        EXPECT_NE(roff.find(row.key), std::string::npos) << row.key;
}

TEST(Man, TheFormattersHaveNothingToSay) {
    RunFolder folder;
    Ran run = folder.run({"man", "--write", "pages"});
    ASSERT_EQ(run.exit_code, 0) << run.err;
    bool judged = false;
    auto judge = [&](const std::string& tool, const std::string& command) {
        if (folder.run_program({"sh", "-c", cat("command -v ", tool)}).exit_code != 0) return;
        judged = true;
        Ran lint =
            folder.run_program({"sh", "-c", cat("for page in pages/*.1; do ", command, "; done")});
        EXPECT_EQ(lint.exit_code, 0) << tool;
        EXPECT_EQ(lint.out + lint.err, "") << tool;
    };
    judge("mandoc", "mandoc -T lint -W warning \"$page\"");
    judge("man", "MANPAGER=cat man --warnings -E UTF-8 -l -Tutf8 -Z \"$page\" > /dev/null");
    if (!judged) GTEST_SKIP() << "neither mandoc nor man is there";
}

TEST(Man, PrintsOnePageOrWritesAll) {
    RunFolder folder;
    Ran run = folder.run({"man"});
    EXPECT_EQ(run.exit_code, 0);
    EXPECT_TRUE(run.out.starts_with(".TH LINNET 1 ")) << run.out;
    EXPECT_TRUE(folder.run({"man", "config", "set"}).out.starts_with(".TH LINNET\\-CONFIG\\-SET"));
    EXPECT_TRUE(folder.run({"man", "config"}).out.starts_with(".TH LINNET\\-CONFIG 1"));
    EXPECT_EQ(folder.run({"man", "nonsense"}).exit_code, 2);
    expect_document("man", folder.run({"man", "help", "--json"}));
    run = folder.run({"man", "--write", "pages", "--json"});
    expect_document("man", run);
    EXPECT_EQ(folder.read("work/pages/linnet.1"), folder.run({"man"}).out);
    folder.write("work/file", "");
    EXPECT_NE(folder.run({"man", "--write", "file"}).exit_code, 0);
}

}  // namespace
}  // namespace linnet::testing
