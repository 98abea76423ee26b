#include <gtest/gtest.h>

#include "linnet/testing/process.h"

namespace linnet::testing {
namespace {

TEST(HelpCommand, TellsAboutACommandAndTheCommonOptions) {
    RunFolder folder;
    Ran run = folder.run({"help", "help"});
    EXPECT_EQ(run.exit_code, 0);
    EXPECT_EQ(run.out, folder.run({"help", "--help"}).out);
    run = folder.run({"help", "options"});
    EXPECT_NE(run.out.find("--timeout TIME"), std::string::npos) << run.out;
    expect_document("help", folder.run({"help", "help", "--json"}));
}

TEST(HelpCommand, RefusesWhatIsNoCommand) {
    RunFolder folder;
    EXPECT_EQ(folder.run({"help", "nonsense"}).exit_code, 2);
    EXPECT_EQ(folder.run({"help", "help", "more"}).exit_code, 2);
}

}  // namespace
}  // namespace linnet::testing
