// pull, list, rm, gc, df and alias, on a model file of the test; and whoever names a model.
#include <gtest/gtest.h>

#include "base/json.h"
#include "base/testing/data.h"
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
    // What the file of a stored model holds.
    std::string held(const std::string& name) {
        Json listing = json({"list"});
        for (const Json& model : *listing.find("models")->as_array())
            if (model.string_or("name", "") == name)
                return read_file(model.string_or("path", ""), 10'000'000).value_or("");
        return "";
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

TEST_F(StoreCommands, ImportCopiesAndLeavesTheOriginalAlone) {
    Json imported = json({"import", "tiny.gguf"});
    EXPECT_EQ(imported.string_or("name", ""), "tiny");
    EXPECT_TRUE(json({"import", "./tiny.gguf"}).bool_or("already_there", false));
    // What has changed at the path comes with the next import.
    std::string before = folder.read("work/tiny.gguf");
    write_tiny_model(folder.path() / "work/tiny.gguf", {.seed = 3});
    EXPECT_FALSE(json({"import", "tiny.gguf"}).bool_or("already_there", true));
    EXPECT_EQ(stored(), 1u);
    EXPECT_EQ(held("tiny"), folder.read("work/tiny.gguf"));
    EXPECT_NE(held("tiny"), before);
    EXPECT_EQ(json({"gc"}).find("items")->as_array()->size(), 1u);  // what it was before
    EXPECT_EQ(json({"rm", "tiny"}).string_or("name", ""), "tiny");
    EXPECT_EQ(stored(), 0u);
    EXPECT_FALSE(folder.read("work/tiny.gguf").empty());
    Ran again = folder.run({"import", "tiny.gguf", "--name", "other-name"});
    EXPECT_EQ(again.exit_code, 0) << again.err;
}

TEST_F(StoreCommands, ALinkedModelTakesNoSpaceAndOutlivesItsRemoval) {
    Path file = folder.path() / "work/tiny.gguf";
    EXPECT_TRUE(json({"import", "tiny.gguf", "--link", "--name", "mine"}).bool_or("linked", false));
    EXPECT_EQ(std::filesystem::hard_link_count(file), 2u);
    EXPECT_EQ(held("mine"), folder.read("work/tiny.gguf"));
    auto writable = std::filesystem::perms::owner_write;
    EXPECT_EQ(std::filesystem::status(file).permissions() & writable, std::filesystem::perms::none);
    EXPECT_TRUE(
        json({"import", "tiny.gguf", "--link", "--name", "mine"}).bool_or("already_there", false));
    EXPECT_EQ(json({"rm", "mine"}).string_or("name", ""), "mine");
    EXPECT_EQ(std::filesystem::hard_link_count(file), 1u);
    EXPECT_EQ(stored(), 0u);
    Ran run = folder.run({"complete", "tiny.gguf", "x", "--temp", "0", "-n", "1"});
    EXPECT_EQ(run.exit_code, 0) << run.err;
}

TEST_F(StoreCommands, FoldersAndSplitFilesAreImportedWhole) {
    std::filesystem::create_directory(folder.path() / "work/models");
    std::filesystem::copy(folder.path() / "work/tiny.gguf", folder.path() / "work/models/m.gguf");
    EXPECT_EQ(json({"import", "models"}).string_or("name", ""), "models");
    EXPECT_EQ(held("models"), folder.read("work/tiny.gguf"));
    folder.write("work/hf/config.json", R"({"model_type": "llama"})");
    folder.write("work/hf/notes.txt", "not of the model");
    std::filesystem::copy(source_folder() / "tests/golden/formats/model.safetensors",
                          folder.path() / "work/hf/model.safetensors");
    Json linked = json({"import", "hf", "--link"});
    EXPECT_EQ(linked.find("files")->as_uint(), 2u);
    EXPECT_TRUE(linked.bool_or("linked", false));
    EXPECT_EQ(folder.run({"show", "hf"}).exit_code, 0);
    EXPECT_EQ(json({"rm", "hf"}).string_or("name", ""), "hf");
    std::string parts = (source_folder() / "tests/golden/formats").string();
    Json split = json({"import", parts + "/split-00001-of-00002.gguf"});
    EXPECT_EQ(split.string_or("name", ""), "split");
    EXPECT_EQ(split.find("files")->as_uint(), 2u);
    EXPECT_FALSE(split.bool_or("linked", true));
    EXPECT_EQ(json({"rm", "split"}).string_or("name", ""), "split");
    folder.write("work/empty/readme.txt", "no model");
    EXPECT_EQ(folder.run({"import", "empty"}).exit_code, 10);
    folder.write("work/half-00001-of-00002.gguf", "GGUF");
    EXPECT_EQ(folder.run({"import", "half-00001-of-00002.gguf"}).exit_code, 3);
    EXPECT_EQ(stored(), 1u);
}

TEST_F(StoreCommands, WhatIsNoModelIsNotImported) {
    folder.write("work/broken.gguf", "GGUF and nothing else");
    for (const char* how : {"--quiet", "--link"}) {
        Ran run = folder.run({"import", "broken.gguf", how});
        EXPECT_EQ(run.exit_code, 10) << run.err;
    }
    EXPECT_EQ(folder.read("work/broken.gguf"), "GGUF and nothing else");
    EXPECT_EQ(folder.run({"import", "absent.gguf"}).exit_code, 3);
    EXPECT_EQ(folder.run({"import", "hf:a/b/c.gguf"}).exit_code, 2);
    folder.write("work/m.safetensors", "{}");
    EXPECT_EQ(folder.run({"import", "m.safetensors"}).exit_code, 2);
    EXPECT_EQ(folder.run({"import", "smollm2-135m"}).exit_code, 3);
    EXPECT_EQ(stored(), 0u);
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
