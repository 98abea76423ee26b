// pull, list, rm, gc, df and alias, on a model file of the test; and whoever names a model.
#include <gtest/gtest.h>

#include "base/json.h"
#include "linnet/testing/process.h"
#include "model/testing/tiny_model.h"

namespace linnet::testing {
namespace {

class StoreCommands : public ::testing::Test {
  protected:
    void SetUp() override {
        write_tiny_model(folder.path() / "work/tiny.gguf");
        write_tiny_model(folder.path() / "work/other.gguf", {.seed = 2});
    }
    Json json(std::vector<std::string> arguments) {
        arguments.push_back("--json");
        Ran run = folder.run(arguments);
        EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
        expect_document(arguments[0], run);
        return Json::parse(run.out).value_or(Json());
    }
    size_t stored() {
        size_t count = 0;
        Json listing = json({"list"});
        for (const Json& model : *listing.find("models")->as_array())
            count += model.string_or("store", "") == "linnet";
        return count;
    }
    RunFolder folder;
};

TEST_F(StoreCommands, ComeAndGo) {
    EXPECT_EQ(stored(), 0u);
    Json pulled = json({"pull", "./tiny.gguf", "--as", "mine"});
    EXPECT_EQ(pulled.string_or("name", ""), "mine");
    EXPECT_FALSE(*pulled.find("already_there")->as_bool());
    EXPECT_EQ(stored(), 1u);
    EXPECT_EQ(json({"df"}).find("models")->as_array()->size(), 1u);
    EXPECT_EQ(json({"alias", "short", "mine"}).find("aliases")->as_array()->size(), 1u);
    for (const char* name : {"mine", "short"}) {
        Ran run = folder.run({"complete", name, "x", "--temp", "0", "-n", "2"});
        EXPECT_EQ(run.exit_code, 0) << run.err;
    }
    EXPECT_EQ(json({"rm", "mine"}).find("aliases")->as_array()->size(), 1u);
    EXPECT_EQ(stored(), 0u);
    EXPECT_EQ(json({"gc"}).find("items")->as_array()->size(), 0u);
}

TEST_F(StoreCommands, AWrongHashKeepsNothing) {
    Ran run = folder.run({"pull", "./tiny.gguf", "--as", "mine", "--sha256", std::string(64, 'a')});
    EXPECT_EQ(run.exit_code, 5) << run.err;
    EXPECT_EQ(stored(), 0u);
    EXPECT_EQ(folder.run({"show", "mine"}).exit_code, 3);
}

TEST_F(StoreCommands, OfflineAndUnknownHaveTheirCodes) {
    Ran run = folder.run({"pull", "smollm2-135m", "--offline"});
    EXPECT_NE(run.exit_code, 0);
    EXPECT_NE(run.err.find("offline"), std::string::npos) << run.err;
    EXPECT_EQ(folder.run({"pull", "no-such-model"}).exit_code, 3);
    EXPECT_EQ(folder.run({"rm", "no-such-model"}).exit_code, 3);
    EXPECT_EQ(folder.run({"pull", "./tiny.gguf", "--sha256", "xyz"}).exit_code, 2);
    EXPECT_EQ(folder.run({"alias", "only-a-name"}).exit_code, 2);
    EXPECT_EQ(json({"list", "--catalog"}).find("models")->as_array()->at(0).string_or("name", ""),
              "smollm2-135m");
}

TEST_F(StoreCommands, ModelsInFoldersAreUsedInPlace) {
    Ran run =
        folder.run({"list", "--json"},
                   {.environment = {{"LINNET_STORE_FOLDERS", (folder.path() / "work").string()}}});
    EXPECT_EQ(run.exit_code, 0) << run.err;
    EXPECT_NE(run.out.find("\"folder\""), std::string::npos) << run.out;
}

}  // namespace
}  // namespace linnet::testing
