#include "linnet/settings.h"

#include <gtest/gtest.h>

#include "base/testing/temporary.h"
#include "base/text.h"
#include "linnet/settings_load.h"
#include "linnet/testing/process.h"
#include "linnet/toml.h"

namespace linnet {
namespace {

using testing::RunFolder;

Environment environment_of(const std::vector<std::string>& entries) {
    std::vector<const char*> variables;
    for (const std::string& entry : entries) variables.push_back(entry.c_str());
    variables.push_back(nullptr);
    return Environment(variables.data());
}

// A machine with the files of every layer.
struct Layers {
    RunFolder folder;
    std::vector<std::string> variables = {cat("HOME=", folder.home()),
                                          cat("LINNET_SYSTEM_CONFIG=", folder.system_config())};

    LoadedSettings load(std::optional<std::string> file = {}) {
        Environment environment = environment_of(variables);
        Paths paths = find_paths(environment);
        return load_settings({.environment = environment,
                              .paths = paths,
                              .file = file,
                              .folder = folder.path() / "work/below"});
    }
    std::string first_error() {
        auto loaded = load();
        return loaded.errors.empty() ? "" : loaded.errors.front().what;
    }
};

TEST(Settings, LaterLayersWinAndTellTheirOrigin) {
    Layers layers;
    EXPECT_EQ(layers.load().settings.integer("run.threads"), 0u);
    auto expect = [&](uint64_t threads, Layer layer, std::string_view where) {
        auto loaded = layers.load();
        EXPECT_TRUE(loaded.errors.empty()) << layers.first_error();
        EXPECT_EQ(loaded.settings.integer("run.threads"), threads);
        EXPECT_EQ(loaded.settings.origin("run.threads").layer, layer);
        EXPECT_TRUE(loaded.settings.origin("run.threads").where.ends_with(where))
            << loaded.settings.origin("run.threads").where;
    };
    layers.folder.write("etc/config.toml", "[run]\nthreads = 1\n");
    expect(1, Layer::System, "etc/config.toml:2");
    layers.folder.write("etc/conf.d/20-later.toml", "run.threads = 3\n");
    layers.folder.write("etc/conf.d/10-sooner.toml", "run.threads = 2\n");
    layers.folder.write("etc/conf.d/30-backup.toml~", "run.threads = 99\n");
    expect(3, Layer::System, "20-later.toml:1");
    layers.folder.write("home/.config/linnet/config.toml", "# mine\n\nrun.threads = 4\n");
    expect(4, Layer::User, "config.toml:3");
    layers.folder.write("work/.linnet.toml", "[run]\nthreads = 5\n");
    expect(5, Layer::Project, ".linnet.toml:2");
    layers.folder.write("work/below/.linnet.toml", "[run]\nthreads = 6\n");
    expect(6, Layer::Project, "below/.linnet.toml:2");
    layers.variables.push_back("LINNET_RUN_THREADS=7");
    expect(7, Layer::Environment, "LINNET_RUN_THREADS");
}

TEST(Settings, AFileNamedByFlagReplacesTheUsersAndTheProjects) {
    Layers layers;
    layers.folder.write("home/.config/linnet/config.toml", "run.threads = 4\n");
    layers.folder.write("work/.linnet.toml", "run.context = 5\n");
    layers.folder.write("other.toml", "log.level = \"info\"\n");
    auto loaded = layers.load((layers.folder.path() / "other.toml").string());
    EXPECT_TRUE(loaded.errors.empty());
    EXPECT_EQ(loaded.settings.integer("run.threads"), 0u);
    EXPECT_EQ(loaded.settings.integer("run.context"), 0u);
    EXPECT_EQ(loaded.settings.text("log.level"), "info");
    EXPECT_EQ(layers.load("absent.toml").errors.size(), 1u);
    EXPECT_TRUE(layers.load("/dev/null").errors.empty());
}

TEST(Settings, AProjectFileDecidesNeitherPlacesNorChecks) {
    for (const SettingRow& row : setting_table()) {
        Layers layers;
        std::string value = toml_value(*parse_setting(row, row.built_in));
        layers.folder.write("work/.linnet.toml", cat(row.key, " = ", value, "\n"));
        auto loaded = layers.load();
        bool harmless =
            row.key.starts_with("run.") || row.key == "log.level" || row.key == "output.color";
        ASSERT_EQ(loaded.errors.size(), harmless ? 0u : 1u) << row.key;
        if (!harmless) {
            EXPECT_EQ(loaded.errors[0].code, Code::Policy);
        }
        EXPECT_EQ(loaded.settings.origin(row.key).layer,
                  harmless ? Layer::Project : Layer::BuiltIn);
    }
}

TEST(Settings, MistakesNameTheFileTheLineAndTheNearestKey) {
    Layers layers;
    layers.folder.write("home/.config/linnet/config.toml",
                        "[run]\nthread = 4\ncontext = \"big\"\n[log]\nlevel = \"loud\"\n");
    auto loaded = layers.load();
    ASSERT_EQ(loaded.errors.size(), 3u);
    EXPECT_TRUE(loaded.errors[0].what.ends_with("config.toml:2: there is no setting 'run.thread'"))
        << loaded.errors[0].what;
    EXPECT_EQ(loaded.errors[0].next, "write run.threads");
    EXPECT_NE(loaded.errors[1].what.find("config.toml:3: "), std::string::npos);
    EXPECT_NE(loaded.errors[2].next.find("debug, info"), std::string::npos);
    for (const Error& error : loaded.errors) EXPECT_EQ(error.code, Code::BadInput);
    layers.folder.write("home/.config/linnet/config.toml", "[run]\nthreads = = 4\n");
    EXPECT_NE(layers.first_error().find("config.toml:2: "), std::string::npos)
        << layers.first_error();
}

TEST(Settings, AHugeOrBinaryOrDeepFileIsAnError) {
    Layers layers;
    for (const std::string& text :
         {std::string(2'000'000, '#'), std::string("\0\xff\xfe", 3), std::string(100'000, '['),
          "a = " + std::string(50'000, '['), std::string("a = \"\x1b[2J\"")}) {
        layers.folder.write("home/.config/linnet/config.toml", text);
        std::string error = layers.first_error();
        EXPECT_NE(error, "");
        EXPECT_EQ(error.find('\x1b'), std::string::npos) << error;
    }
}

TEST(Settings, ValuesAreReadByKind) {
    auto parse = [](std::string_view key, std::string_view text) {
        return parse_setting(*find_setting(key), text);
    };
    EXPECT_EQ(*parse("pull.limit_rate", "1.5MB/s"), Json(1'500'000));
    EXPECT_EQ(*parse("pull.offline", "yes"), Json(true));
    EXPECT_EQ(*parse("store.folders", "/a:/b"), *Json::parse(R"(["/a","/b"])"));
    EXPECT_FALSE(parse("pull.offline", "maybe"));
    EXPECT_FALSE(parse("run.threads", "-1"));
    EXPECT_FALSE(parse("run.threads", "18446744073709551616"));
    EXPECT_FALSE(parse("log.level", "WARN"));
    EXPECT_FALSE(parse("pull.limit_rate", "fast"));
    EXPECT_EQ(setting_variable(*find_setting("pull.limit_rate")), "LINNET_PULL_LIMIT_RATE");
}

TEST(Settings, PathsInAFileAreRelativeToIt) {
    Layers layers;
    layers.folder.write("home/.config/linnet/config.toml",
                        "store.path = \"models\"\nstore.folders = [\"~/a\", \"/b\"]\n");
    auto loaded = layers.load();
    EXPECT_EQ(loaded.settings.text("store.path"),
              (layers.folder.home() / ".config/linnet/models").string());
    EXPECT_EQ(loaded.settings.list("store.folders"),
              (std::vector<std::string>{(layers.folder.home() / "a").string(), "/b"}));
}

TEST(SettingsEdit, KeepsCommentsAndOrder) {
    std::string text =
        "# top\n[run]  # how it runs\nthreads = 4  # four\n\n[log]\nlevel = \"info\"\n";
    auto set = [&](std::string_view key, Json value) {
        auto edited = set_in_toml(text, key, value, "config.toml");
        EXPECT_TRUE(edited) << edited.error().what;
        if (edited) text = *edited;
    };
    set("run.threads", 16);
    EXPECT_EQ(text,
              "# top\n[run]  # how it runs\nthreads = 16  # four\n\n[log]\nlevel = \"info\"\n");
    set("run.context", 2048);
    set("log.level", "debug");
    set("pull.offline", true);
    EXPECT_EQ(text,
              "# top\n[run]  # how it runs\ncontext = 2048\nthreads = 16  # four\n\n[log]\n"
              "level = \"debug\"\n\n[pull]\noffline = true\n");
}

TEST(SettingsEdit, CopesWithEveryWayToWriteAKey) {
    for (std::string text :
         {"", "run.threads = 1", "run = { threads = 1, context = 2 }\n", "[ run ]\n'threads'=1",
          "[run]\nthreads = 0x0_1 # ä ö\n", "# é\nrun.\"threads\" = 1\r\n", "[log]\nlevel='info'",
          "\xEF\xBB\xBFrun.threads = 1\n"}) {
        auto edited = set_in_toml(text, "run.threads", 7, "config.toml");
        if (!edited) {  // refusing is right where the layout is odd, changing the meaning never
            EXPECT_EQ(edited.error().code, Code::Unsupported) << text;
            continue;
        }
        auto entries = parse_toml(*edited, "config.toml");
        ASSERT_TRUE(entries) << *edited;
        bool found = false;
        for (const TomlEntry& entry : *entries)
            found |= entry.key == "run.threads" && entry.value == Json(7);
        EXPECT_TRUE(found) << *edited;
    }
    EXPECT_TRUE(set_in_toml("store.folders = [\n \"/a\", # one\n]\n", "store.folders",
                            *Json::parse(R"(["/b"])"), "config.toml"));
    EXPECT_FALSE(set_in_toml("run = 4\n", "run.threads", 7, "config.toml"));
    EXPECT_FALSE(set_in_toml("broken", "run.threads", 7, "config.toml"));
}

}  // namespace
}  // namespace linnet
