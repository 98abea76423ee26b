#include "store/foreign.h"

#include <gtest/gtest.h>

#include "store/testing/puller.h"

namespace linnet {
namespace {

namespace fs = std::filesystem;

struct ForeignTest : ::testing::Test {
    void file(const Path& path, const std::string& content) {
        ASSERT_TRUE(make_folders((root / path).parent_path()));
        ASSERT_TRUE(write_file_atomic(root / path, content));
    }
    void link(const Path& path, const Path& target) {
        ASSERT_TRUE(make_folders((root / path).parent_path()));
        fs::create_symlink(target, root / path);
    }
    std::vector<std::string> names(ModelStore store) {
        std::vector<std::string> out;
        for (const ForeignModel& model : foreign_models({store, root})) out.push_back(model.name);
        return out;
    }
    using Names = std::vector<std::string>;

    testing::TemporaryFolder folder;
    Path root = folder.path() / "root";
    std::string gguf = testing::small_gguf(100, 1);
};

struct OllamaTest : ForeignTest {
    void model(const Path& tag, const std::string& named, uint64_t bytes) {
        auto layer = [](std::string_view type, const std::string& hash, uint64_t size) {
            return Json::object({{"mediaType", cat("application/vnd.ollama.image.", type)},
                                 {"digest", hash},
                                 {"size", size}});
        };
        Json layers = Json::array();
        layers.push(layer("license", "sha256:00", 1)).push(layer("model", named, bytes));
        file("manifests" / tag, Json::object({{"layers", layers}}).dump());
    }
    std::string digest = sha256(as_bytes(gguf)).text();
};

TEST_F(OllamaTest, ModelsAreFound) {
    file("blobs/" + replace_all(digest, ":", "-"), gguf);
    model("registry.ollama.ai/library/llama3.2/1b", digest, gguf.size());
    model("registry.ollama.ai/someone/mine/latest", replace_all(digest, "sha256:", "sha256-"),
          gguf.size());
    model("hf.co/owner/repo/Q4", digest, gguf.size());
    EXPECT_EQ(names(ModelStore::Ollama), (Names{"ollama:hf.co/owner/repo:Q4", "ollama:llama3.2:1b",
                                                "ollama:someone/mine:latest"}));
    auto store = Store::open({folder.path() / "data", {}, {{ModelStore::Ollama, root}}});
    auto found = store->resolve("ollama:llama3.2:1b");
    ASSERT_TRUE(found) << found.error().what;
    EXPECT_EQ(found->store, ModelStore::Ollama);
    EXPECT_TRUE(Checkpoint::open(found->path));
    EXPECT_TRUE(store->resolve("ollama:someone"));
    EXPECT_FALSE(store->resolve("ollama:none"));
    EXPECT_EQ(store->list()->foreign.size(), 3u);
    EXPECT_FALSE(fs::exists(folder.path() / "data"));
}

// The class of Probllama: a digest that is a path, and other lies.
TEST_F(OllamaTest, LiesAreLeftOut) {
    file("blobs/" + replace_all(digest, ":", "-"), gguf);
    file("secret", std::string(100, 's'));
    fs::create_directories(root / "blobs");
    model("h/s/traversal/1", "sha256:../../secret", 100);
    model("h/s/short/1", digest.substr(0, 20), gguf.size());
    model("h/s/size/1", digest, gguf.size() + 1);
    model("h/s/absent/1", sha256(as_bytes("x")).text(), 1);
    ASSERT_TRUE(write_file_atomic(folder.path() / "outside", std::string(100, 'o')));
    std::string outside = sha256(as_bytes("outside")).text();
    link("blobs/" + replace_all(outside, ":", "-"), folder.path() / "outside");
    model("h/s/escape/1", outside, 100);
    file("manifests/h/s/garbage/1", std::string(100, '{'));
    file(
        "manifests/h/s/adapter/1",
        cat(R"({"layers": [{"mediaType": "application/vnd.ollama.image.model", "digest": ")",
            digest, R"(", "size": )", gguf.size(),
            R"(}, {"mediaType": "application/vnd.ollama.image.adapter", "digest": "x", "size": 1}]})"));
    link("manifests/h/s/linked", "/etc");
    EXPECT_EQ(names(ModelStore::Ollama), Names{});
}

TEST_F(ForeignTest, HubCache) {
    Path repository = "models--Owner--Repo";
    file(repository / "blobs/aaa", gguf);
    file(repository / "blobs/bbb", std::string(100, '{'));
    file(repository / "refs/main", "c0ffee\n");
    file(repository / "refs/v1", "c0ffee");
    file(repository / "refs/evil", "../../../..");
    link(repository / "snapshots/c0ffee/M-Q4.gguf", "../../blobs/aaa");
    link(repository / "snapshots/c0ffee/sub/M-Q8.gguf", "../../../blobs/aaa");
    link(repository / "snapshots/c0ffee/escape.gguf", "/etc/passwd");
    link(repository / "snapshots/c0ffee/dangling.gguf", "../../blobs/none");
    link(repository / "snapshots/c0ffee/mmproj-M.gguf", "../../blobs/aaa");
    file("models--Owner--Folder/refs/main", "d00d");
    file("models--Owner--Folder/snapshots/d00d/config.json", std::string(100, ' '));
    file("models--Owner--Folder/snapshots/d00d/model.safetensors", std::string(100, ' '));
    file("datasets--Owner--Data/refs/main", "d00d");
    EXPECT_EQ(names(ModelStore::HubCache),
              (Names{"hf:Owner/Folder", "hf:Owner/Repo/M-Q4.gguf", "hf:Owner/Repo/sub/M-Q8.gguf",
                     "hf:Owner/Repo@v1/M-Q4.gguf", "hf:Owner/Repo@v1/sub/M-Q8.gguf"}));
    auto store = Store::open({folder.path() / "data", {}, {{ModelStore::HubCache, root}}});
    EXPECT_TRUE(Checkpoint::open(store->resolve("hf:Owner/Repo/M-Q4.gguf")->path));
    EXPECT_EQ(store->resolve("hf:Owner/Folder")->path.filename(), "d00d");
}

TEST_F(ForeignTest, FoldersAndLmStudio) {
    file("publisher/model/M-Q4.gguf", gguf);
    file("publisher/model/mmproj-M.gguf", gguf);
    file("publisher/split/S-00001-of-00002.gguf", gguf);
    file("publisher/split/S-00002-of-00002.gguf", gguf);
    file(".hidden/model/x.gguf", gguf);
    file("a/b/c/d/e/deep.gguf", gguf);
    file("tiny.gguf", "x");
    file("notes.txt", std::string(100, 'n'));
    EXPECT_EQ(names(ModelStore::LmStudio),
              (Names{"lmstudio:publisher/model/M-Q4", "lmstudio:publisher/split/S"}));
    auto models = foreign_models({ModelStore::Folder, root});
    ASSERT_EQ(models.size(), 2u);
    EXPECT_EQ(models[1].name, "publisher/split/S");
    EXPECT_EQ(models[1].bytes, 2 * gguf.size());
    EXPECT_TRUE(foreign_models({ModelStore::Folder, folder.path() / "none"}).empty());
}

TEST_F(ForeignTest, UsualPlaces) {
    fs::create_directories(root / ".ollama/models");
    fs::create_directories(root / ".cache/huggingface/hub");
    fs::create_directories(root / ".lmstudio/models");
    std::map<std::string, std::string, std::less<>> environment;
    auto count = [&](ModelStore store) {
        size_t found = 0;
        for (const ForeignRoot& each : usual_foreign_roots(environment, root))
            found += each.store == store && each.path.string().starts_with(folder.path().string());
        return found;
    };
    for (ModelStore store : {ModelStore::Ollama, ModelStore::HubCache, ModelStore::LmStudio})
        EXPECT_EQ(count(store), 1u);
    environment = {{"OLLAMA_MODELS", "/none"}, {"HF_HOME", "/none"}};
    EXPECT_EQ(count(ModelStore::Ollama), 0u);
    EXPECT_EQ(count(ModelStore::HubCache), 0u);
    environment = {{"HF_HUB_CACHE", root.string()}};
    EXPECT_EQ(count(ModelStore::HubCache), 1u);
}

}  // namespace
}  // namespace linnet
