#include <gtest/gtest.h>

#include "linnet/testing/process.h"

namespace linnet::testing {
namespace {

TEST(ConfigCommand, ShowsEverySettingWithItsOrigin) {
    RunFolder folder;
    folder.write("home/.config/linnet/config.toml", "run.threads = 3\n");
    Ran run = folder.run({"config", "show", "--origin", "--offline"});
    EXPECT_EQ(run.exit_code, 0) << run.err;
    EXPECT_NE(run.out.find("config.toml:1"), std::string::npos) << run.out;
    EXPECT_NE(run.out.find("--offline"), std::string::npos) << run.out;
    expect_document("config show", folder.run({"config", "show", "--json"}));
}

TEST(ConfigCommand, GetsOneSetting) {
    RunFolder folder;
    Ran run = folder.run({"config", "get", "run.threads"},
                         {.environment = {{"LINNET_RUN_THREADS", "5"}}});
    EXPECT_EQ(run.out, "5\n");
    run = folder.run({"config", "get", "store.folders"},
                     {.environment = {{"LINNET_STORE_FOLDERS", "/a:/b c"}}});
    EXPECT_EQ(run.out, "/a\n/b c\n");
    expect_document("config get", folder.run({"config", "get", "log.level", "--json"}));
    run = folder.run({"config", "get", "run.thread"});
    EXPECT_EQ(run.exit_code, 3);
    EXPECT_EQ(run.err, "linnet: there is no setting 'run.thread'\n  try: run.threads\n");
    run = folder.run({"config", "get", "log.level", "--json"},
                     {.environment = {{"LINNET_LOG_LEVEL", "loud"}}});
    EXPECT_EQ(run.exit_code, 2);
    expect_document("config get", run);
}

TEST(ConfigCommand, SetsASettingAndKeepsComments) {
    RunFolder folder;
    Ran run = folder.run({"config", "set", "run.threads", "4"});
    EXPECT_EQ(run.exit_code, 0) << run.err;
    EXPECT_EQ(folder.run({"config", "get", "run.threads"}).out, "4\n");
    folder.write("home/.config/linnet/config.toml", "# mine\n[run]\nthreads = 4 # cores\n");
    expect_document("config set", folder.run({"config", "set", "--json", "run.threads", "8"}));
    EXPECT_EQ(folder.read("home/.config/linnet/config.toml"),
              "# mine\n[run]\nthreads = 8 # cores\n");
    EXPECT_EQ(folder.run({"config", "set", "run.threads", "many"}).exit_code, 2);
    EXPECT_EQ(folder.run({"config", "set", "no.such", "1"}).exit_code, 3);
    run = folder.run({"config", "set", "pull.limit_rate", "2MB", "--config", "other.toml"});
    EXPECT_EQ(run.exit_code, 0) << run.err;
    EXPECT_EQ(folder.read("work/other.toml"), "[pull]\nlimit_rate = \"2MB\"\n");
}

TEST(ConfigCommand, ValidatesAllAtOnceAndWorksOnABrokenFile) {
    RunFolder folder;
    folder.write("home/.config/linnet/config.toml", "run.threds = 3\nlog.level = 5\n");
    Ran run = folder.run({"config", "validate"});
    EXPECT_EQ(run.exit_code, 10);
    EXPECT_NE(run.out.find("config.toml:1"), std::string::npos) << run.out;
    EXPECT_NE(run.out.find("config.toml:2"), std::string::npos) << run.out;
    run =
        folder.run({"config", "validate", "--json"}, {.environment = {{"LINNET_RUN_THREDS", "1"}}});
    EXPECT_EQ(run.exit_code, 10);
    expect_document("config validate", run);
    EXPECT_NE(run.out.find("LINNET_RUN_THREDS"), std::string::npos);
    EXPECT_EQ(folder.run({"config", "show"}).exit_code, 10);
    for (const char* word : {"path", "validate"})
        EXPECT_NE(folder.run({"config", word}).out, "") << word;
    EXPECT_EQ(folder.run({"help"}).exit_code, 0);
    EXPECT_EQ(folder.run({"config", "set", "run.threads", "4"}).exit_code, 0);

    folder.write("work/.linnet.toml", "store.path = '/elsewhere'\n");
    EXPECT_EQ(folder.run({"config", "validate", ".linnet.toml"}).exit_code, 8);
    EXPECT_EQ(folder.run({"config", "validate", "absent.toml"}).exit_code, 3);
    folder.write("work/good.toml", "store.path = '/elsewhere'\n");
    EXPECT_EQ(folder.run({"config", "validate", "good.toml"}).exit_code, 0);
}

TEST(ConfigCommand, TellsWhereTheFilesAre) {
    RunFolder folder;
    EXPECT_EQ(folder.run({"config", "path"}).out, folder.config_file().string() + "\n");
    EXPECT_EQ(folder.run({"config", "path"}, {.environment = {{"XDG_CONFIG_HOME", "/x"}}}).out,
              "/x/linnet/config.toml\n");
    EXPECT_EQ(folder.run({"config", "path"}, {.environment = {{"XDG_CONFIG_HOME", "x"}}}).out,
              folder.config_file().string() + "\n");
    folder.write("work/.linnet.toml", "");
    Ran run = folder.run({"config", "path", "--all"});
    EXPECT_NE(run.out.find("work/.linnet.toml"), std::string::npos) << run.out;
    expect_document("config path", folder.run({"config", "path", "--json"}));
}

TEST(ConfigCommand, AStrangersProjectFileIsNotRead) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can give a file to another user";
    RunFolder folder;
    folder.write("work/.linnet.toml", "run.threads = 9\n");
    ASSERT_EQ(::chown((folder.path() / "work/.linnet.toml").c_str(), 12345, 12345), 0);
    Ran run = folder.run({"config", "get", "run.threads"});
    EXPECT_EQ(run.out, "0\n");
    EXPECT_NE(run.err.find("belongs to another user"), std::string::npos) << run.err;
}

}  // namespace
}  // namespace linnet::testing
