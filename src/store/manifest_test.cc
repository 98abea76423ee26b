#include "store/manifest.h"

#include <gtest/gtest.h>

#include "base/text.h"
#include "store/catalog.h"
#include "store/source.h"

namespace linnet {
namespace {

Manifest example() {
    Manifest manifest{.name = "m",
                      .requested = "m",
                      .source = "hf:a/b",
                      .pinned = true,
                      .pulled_at_s = 5,
                      .licence = "MIT",
                      .architecture = "llama",
                      .parameters = "1M",
                      .files = {}};
    manifest.files.push_back({"a.gguf", 10, sha256(as_bytes("a"))});
    manifest.files.push_back({"b/c.json", 20, sha256(as_bytes("b"))});
    return manifest;
}

TEST(Manifest, ComesBack) {
    auto parsed = parse_manifest(manifest_text(example()));
    ASSERT_TRUE(parsed) << parsed.error().what;
    EXPECT_EQ(*parsed, example());
    EXPECT_EQ(parsed->bytes(), 30u);
}

TEST(Manifest, RefusesWhatIsNoManifest) {
    std::string good = manifest_text(example());
    std::string hex = sha256(as_bytes("a")).hex();
    const std::pair<std::string_view, std::string> changes[] = {
        {"\"linnet_manifest\": 1", "\"linnet_manifest\": 2"},
        {"\"linnet_manifest\": 1", "\"other\": 1"},
        {"\"name\": \"m\"", "\"name\": \"../m\""},
        {"\"name\": \"m\"", "\"name\": 5"},
        {"a.gguf", "../a.gguf"},
        {"a.gguf", "b/c.json"},
        {"a.gguf", "b"},
        {"\"bytes\": 10", "\"bytes\": -1"},
        {"\"bytes\": 10", "\"bytes\": 18446744073709551615"},
        {"\"bytes\": 10", "\"other\": 10"},
        {hex, "../../../../etc/passwd"},
        {hex, hex.substr(1)},
    };
    for (const auto& [from, to] : changes) {
        ASSERT_NE(good.find(from), good.npos) << from;
        EXPECT_FALSE(parse_manifest(replace_all(good, from, to))) << to;
    }
    for (std::string_view text :
         {"", "[]", "{}", "null", "{\"linnet_manifest\": 1, \"name\": \"m\"}",
          "{\"linnet_manifest\": 1, \"name\": \"m\", \"files\": []}"})
        EXPECT_FALSE(parse_manifest(text)) << text;
}

TEST(Catalog, HasTheDefaultModel) {
    Catalog catalog = Catalog::built_in();
    ASSERT_FALSE(catalog.entries().empty());
    const CatalogEntry& first = catalog.entries()[0];
    EXPECT_EQ(first.name, "smollm2-135m");
    EXPECT_EQ(first.bytes(), 98'362'432u);
    EXPECT_EQ(first.files[0].sha256.hex(),
              "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53");
    for (const CatalogEntry& entry : catalog.entries()) {
        EXPECT_FALSE(entry.licence.empty()) << entry.name;
        EXPECT_FALSE(entry.title.empty()) << entry.name;
        for (const std::string& source : entry.sources)
            for (const ModelFile& file : entry.files)
                EXPECT_TRUE(parse_source(entry.source_of(source, file))) << source;
    }
}

constexpr std::string_view own = R"({"linnet_catalog": 1, "models": [
  {"name": "mine", "files": [{"path": "m.gguf", "bytes": 3,
   "sha256": "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"}],
   "sources": ["https://models.example/m.gguf"]}]})";

TEST(Catalog, TheUsersEntriesAddAndReplace) {
    Catalog catalog = Catalog::built_in();
    size_t count = catalog.entries().size();
    ASSERT_TRUE(catalog.add(own));
    EXPECT_EQ(catalog.entries().size(), count + 1);
    ASSERT_TRUE(catalog.find("mine"));
    ASSERT_TRUE(catalog.add(replace_all(std::string(own), "\"mine\"", "\"smollm2-135m\"")));
    EXPECT_EQ(catalog.entries().size(), count + 1);
    EXPECT_EQ(catalog.find("smollm2-135m")->bytes(), 3u);
    EXPECT_FALSE(catalog.find("none"));
}

TEST(Catalog, RefusesBrokenOnes) {
    const std::pair<std::string_view, std::string_view> changes[] = {
        {"\"mine\"", "\"../mine\""},
        {"linnet_catalog\": 1", "linnet_catalog\": 9"},
        {"https://models.example/m.gguf", "https:m"},
        {"\"https://models.example/m.gguf\"", "7"},
        {"[\"https://models.example/m.gguf\"]", "[]"},
        {"b179c9", "xyzxyz"},
    };
    for (auto [from, to] : changes) {
        Catalog catalog = Catalog::built_in();
        auto added = catalog.add(replace_all(std::string(own), from, to));
        EXPECT_FALSE(added) << to;
        EXPECT_FALSE(catalog.find("mine"));
    }
}

}  // namespace
}  // namespace linnet
