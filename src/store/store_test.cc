#include "store/store.h"

#include <gtest/gtest.h>

#include "store/testing/puller.h"

namespace linnet {
namespace {

using testing::FaultyServer;
using testing::Puller;

struct StoreTest : ::testing::Test, Puller {
    // A model of one file with this content, pulled from a file.
    void add(const std::string& name, const std::string& content) {
        Path source = folder.path() / cat(name, ".source");
        ASSERT_TRUE(write_file_atomic(source, content));
        list(name, content, {"file:" + source.string()});
        auto report = pull(name);
        ASSERT_TRUE(report) << report.error().what;
        ASSERT_TRUE(std::filesystem::remove(source));
    }
    Code failure(std::string_view name) {
        auto found = store().resolve(name);
        EXPECT_FALSE(found) << name;
        return found ? Code::Bug : found.error().code;
    }
    std::string advice(std::string_view name) {
        auto found = store().resolve(name);
        return found ? std::string() : found.error().next;
    }
    GcReport collect(double partial_age_s, bool dry_run = false) {
        auto report = store().collect({partial_age_s, dry_run}, SystemClock().wall_s(), cancel);
        EXPECT_TRUE(report) << report.error().what;
        return report ? *report : GcReport{};
    }
};

TEST_F(StoreTest, AnEmptyOneTouchesNothing) {
    EXPECT_TRUE(store().list()->models.empty());
    EXPECT_TRUE(store().names().empty());
    EXPECT_EQ(collect(0).items.size(), 0u);
    EXPECT_TRUE(store().usage());
    EXPECT_FALSE(std::filesystem::exists(store().layout().data()));
}

TEST_F(StoreTest, NamesReferencesAndPaths) {
    add("alpha-1", "one");
    add("alpha-2", "two");
    add("beta", "three");
    Store all = store();
    EXPECT_EQ(all.resolve("beta")->name, "beta");
    EXPECT_EQ(all.resolve("BETA")->name, "beta");
    EXPECT_EQ(all.resolve("be")->name, "beta");
    EXPECT_EQ(failure("alpha"), Code::Usage);
    EXPECT_EQ(all.resolve("alpha-1")->name, "alpha-1");
    EXPECT_EQ(failure("b"), Code::NotFound);  // too short to stand for more
    EXPECT_NE(store().resolve("bata").error().what.find("beta"), std::string::npos);
    EXPECT_EQ(failure("smollm2-135m"), Code::NotFound);
    EXPECT_EQ(advice("smollm2-135m"), "linnet pull smollm2-135m");
    EXPECT_NE(store().resolve("smollm2").error().what.find("smollm2-135m"), std::string::npos);
    EXPECT_EQ(advice("hf:o/r/x.gguf"), "linnet pull hf:o/r/x.gguf");
    EXPECT_EQ(failure(""), Code::Usage);
    EXPECT_EQ(failure("/none"), Code::NotFound);
    EXPECT_EQ(failure("../beta"), Code::NotFound);
    EXPECT_EQ(failure("manifests/../beta"), Code::NotFound);
    EXPECT_EQ(failure(std::string_view("be\0ta", 5)), Code::Usage);
    Path file = folder.path() / "x.gguf";
    ASSERT_TRUE(write_file_atomic(file, "x"));
    EXPECT_EQ(all.resolve(file.string())->path, file);
    EXPECT_EQ(all.resolve("file:" + file.string())->path, file);
}

TEST_F(StoreTest, ListShowsWhatIsWhole) {
    add("a", "one");
    add("b", "two");
    EXPECT_EQ(store().list()->models.size(), 2u);
    EXPECT_EQ(store().names(), (std::vector<std::string>{"a", "b"}));
    const Layout layout = store().layout();
    ASSERT_TRUE(write_file_atomic(layout.manifests() / "c.json", "{}"));
    ASSERT_TRUE(
        write_file_atomic(layout.manifests() / "d.json", *read_file(layout.manifest("a"), 10'000)));
    ASSERT_TRUE(write_file_atomic(layout.manifests() / "e.json.5.tmp", "x"));
    Listing listing = *store().list();
    EXPECT_EQ(listing.models.size(), 2u);
    EXPECT_EQ(listing.problems.size(), 2u);
    EXPECT_EQ(store().find("d").error().code, Code::BadInput);
    // What a broken manifest needs cannot be known, so nothing is collected.
    EXPECT_FALSE(store().collect({}, 0, cancel));
    std::filesystem::remove(layout.blob(sha256(as_bytes("one"))));
    EXPECT_TRUE(store().list()->models[0].damaged);
    EXPECT_EQ(failure("a"), Code::Integrity);
}

TEST_F(StoreTest, OneFileInTwoModelsIsKeptOnce) {
    add("a", "same");
    add("b", "same");
    add("c", "other");
    Usage usage = *store().usage();
    EXPECT_EQ(usage.models_bytes, 9u);
    EXPECT_EQ(usage.models[0].bytes, 4u);
    EXPECT_EQ(usage.models[0].own_bytes, 0u);
    EXPECT_EQ(usage.models[2].own_bytes, 5u);
    EXPECT_EQ(store().remove("a", cancel)->freed_bytes, 0u);
    EXPECT_EQ(held("b"), "same");
    EXPECT_EQ(store().remove("b", cancel)->freed_bytes, 4u);
    EXPECT_EQ(store().list()->models.size(), 1u);
    EXPECT_EQ(testing::files_in(store().layout().blobs()), 1u);
    EXPECT_EQ(store().remove("b", cancel).error().code, Code::NotFound);
}

TEST_F(StoreTest, Aliases) {
    add("a", "one");
    ASSERT_TRUE(store().set_alias("Chat", "a", cancel));
    EXPECT_EQ(store().resolve("chat")->name, "a");
    EXPECT_EQ(store().set_alias("talk", "chat", cancel)->target, "a");
    EXPECT_EQ(store().set_alias("later", "smollm2-135m", cancel)->target, "smollm2-135m");
    EXPECT_NE(advice("later").find("linnet pull smollm2-135m"), std::string::npos);
    EXPECT_EQ(store().set_alias("a", "chat", cancel).error().code, Code::Usage);
    EXPECT_EQ(store().set_alias("smollm2-135m", "a", cancel).error().code, Code::Usage);
    EXPECT_EQ(store().set_alias("../x", "a", cancel).error().code, Code::Usage);
    EXPECT_EQ(store().set_alias("x", "none", cancel).error().code, Code::NotFound);
    EXPECT_EQ(store().set_alias("chat", "chat", cancel)->target, "a");
    EXPECT_EQ(store().aliases()->size(), 3u);
    EXPECT_EQ(store().find("a")->aliases, (std::vector<std::string>{"chat", "talk"}));
    EXPECT_EQ(store().remove("chat", cancel).error().code, Code::Usage);
    EXPECT_EQ(store().remove("a", cancel)->aliases, (std::vector<std::string>{"chat", "talk"}));
    EXPECT_EQ(store().aliases()->size(), 1u);
    ASSERT_TRUE(store().remove_alias("later", cancel));
    EXPECT_EQ(store().remove_alias("later", cancel).error().code, Code::NotFound);
    ASSERT_TRUE(write_file_atomic(store().layout().aliases(), "broken"));
    EXPECT_NE(store().resolve("a").error().what.find("aliases.json"), std::string::npos);
}

TEST_F(StoreTest, CollectTakesOnlyRubbish) {
    add("a", "one");
    add("b", "two");
    const Layout layout = store().layout();
    std::filesystem::remove(layout.manifest("b"));  // as a crash within remove() leaves it
    ASSERT_TRUE(make_folders(layout.partials()));
    std::string key = download_key(sha256(as_bytes("x")));
    ASSERT_TRUE(write_file_atomic(layout.partials() / key, "partial"));
    ASSERT_TRUE(write_file_atomic(layout.partials() / (key + ".json"), "{}"));
    ASSERT_TRUE(write_file_atomic(layout.partials() / "a-note-of-mine", "keep"));
    ASSERT_TRUE(make_folders(layout.models() / "mine"));
    ASSERT_TRUE(write_file_atomic(layout.models() / "mine" / "my.gguf", "keep"));
    ASSERT_TRUE(make_folders(layout.blobs() / "zz"));
    ASSERT_TRUE(write_file_atomic(layout.blobs() / "zz" / "unknown", "keep"));

    GcReport dry = collect(0, true);
    EXPECT_EQ(dry.items.size(), 3u);  // the blob and the links of b, and the partial
    EXPECT_EQ(dry.bytes, 10u);
    EXPECT_TRUE(std::filesystem::exists(layout.partials() / key));
    EXPECT_EQ(collect(3600).items.size(), 2u);  // the partial is too young
    {
        auto held_lock = FileLock::attempt(layout.lock(key));
        EXPECT_EQ(collect(0).items.size(), 0u);  // and now somebody is at it
    }
    EXPECT_EQ(collect(0).items.size(), 1u);
    EXPECT_EQ(held("a"), "one");
    EXPECT_TRUE(std::filesystem::exists(layout.partials() / "a-note-of-mine"));
    EXPECT_TRUE(std::filesystem::exists(layout.models() / "mine" / "my.gguf"));
    EXPECT_TRUE(std::filesystem::exists(layout.blobs() / "zz" / "unknown"));
    EXPECT_FALSE(std::filesystem::exists(layout.models() / "b"));
}

TEST_F(StoreTest, FilesOfTheUsersOwnAreLeftAlone) {
    Path mine = store().layout().models() / "a";
    ASSERT_TRUE(make_folders(mine));
    ASSERT_TRUE(write_file_atomic(mine / "my.gguf", "keep"));
    ASSERT_TRUE(write_file_atomic(folder.path() / "s", "one"));
    list("a", "one", {cat("file:", folder.path() / "s")});
    EXPECT_EQ(pull("a").error().code, Code::Policy);
    EXPECT_EQ(*read_file(mine / "my.gguf", 10), "keep");
}

TEST_F(StoreTest, VerifyReadsEveryByte) {
    add("a", "one");
    StoredModel model = *store().find("a");
    EXPECT_TRUE(store().verify(model, watcher, cancel)->good);
    ASSERT_TRUE(write_file_atomic(store().layout().blob(model.manifest.files[0].sha256), "onf"));
    Verified bad = *store().verify(model, watcher, cancel);
    EXPECT_FALSE(bad.good);
    EXPECT_NE(bad.files[0].problem.find("hash"), std::string::npos);
    ASSERT_TRUE(store().drop_damaged(model, bad, cancel));
    EXPECT_TRUE(store().find("a")->damaged);
}

TEST_F(StoreTest, TheWholeStoreCanBeMoved) {
    add("a", "one");
    std::filesystem::rename(folder.path() / "data", folder.path() / "elsewhere");
    auto moved = Store::open({folder.path() / "elsewhere", catalogs, {}});
    EXPECT_EQ(*read_file(moved->resolve("a")->path, 10), "one");
}

TEST_F(StoreTest, BrokenCatalogsAreNamed) {
    ASSERT_TRUE(write_file_atomic(folder.path() / "mine.json", "{}"));
    auto opened = Store::open({folder.path() / "data", {folder.path() / "mine.json"}, {}});
    ASSERT_FALSE(opened);
    EXPECT_NE(opened.error().what.find("mine.json"), std::string::npos);
}

}  // namespace
}  // namespace linnet
