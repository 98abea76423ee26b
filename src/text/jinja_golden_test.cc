// Against Python's jinja2: tests/golden/make_templates.py wrote what it makes of these.
#include <gtest/gtest.h>

#include <cstdlib>

#include "base/testing/data.h"
#include "base/text.h"
#include "text/jinja.h"

namespace linnet::jinja {
namespace {

constexpr Limits limits{.source_max = 1 << 20,
                        .steps_max = 10'000'000,
                        .calls_max = 60,
                        .memory_max = 64 << 20,
                        .output_max = 16 << 20};
constexpr Time now{.unix_s = 1722002709, .utc_offset_s = 0};  // 2024-07-26 14:05:09

Json read_json(const Path& path) {
    auto file = read_file(path, 64 << 20);
    if (!file) ADD_FAILURE() << path << ": " << file.error().what;
    auto json = Json::parse(*file);
    if (!json) ADD_FAILURE() << path << ": " << json.error().what;
    return *json;
}

Result<std::string> render(std::string_view source, const Json& variables) {
    return TRY(Template::parse(source, limits)).render(variables, now, limits);
}

void expect_cases(const Json& golden) {
    size_t wrong = 0;
    for (const Json& row : *golden.find("cases")->as_array()) {
        const std::string& source = *row.find("template")->as_string();
        const std::string* expected = row.find("expected")->as_string();
        auto made = render(source, *golden.find("context"));
        bool same = made ? expected && *made == *expected : !expected;
        if (same) continue;
        wrong++;
        ADD_FAILURE() << source << "\n  jinja2: " << (expected ? *expected : "an error")
                      << "\n  linnet: " << (made ? *made : "an error: " + made.error().what);
    }
    std::printf("%zu of %zu differ\n", wrong, golden.find("cases")->as_array()->size());
}

TEST(JinjaGolden, RendersAsPythonDoes) {
    expect_cases(read_json(testing::source_folder() / "tests/golden/templates.json"));
}

// More of them, as `make_templates.py --random` prints.
TEST(JinjaGolden, RendersTheGivenCases) {
    const char* path = std::getenv("LINNET_TEMPLATE_CASES");
    if (!path) GTEST_SKIP() << "LINNET_TEMPLATE_CASES names no file of cases";
    expect_cases(read_json(path));
}

std::string hash(std::string_view text) {
    uint64_t value = 0xCBF29CE484222325;  // FNV-1a
    for (char c : text) value = (value ^ static_cast<unsigned char>(c)) * 0x100000001B3;
    char digits[20];
    std::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(value));
    return digits;
}

// The templates of many models, in a folder that LINNET_TEMPLATES names.
Path templates_folder() {
    if (const char* set = std::getenv("LINNET_TEMPLATES")) return set;
    const char* cache = std::getenv("XDG_CACHE_HOME");
    const char* home = std::getenv("HOME");
    Path base = cache ? Path(cache) : Path(home ? home : "") / ".cache";
    std::error_code missing;
    for (const auto& entry :
         std::filesystem::directory_iterator(base / "peers/llama-cpp-0.3.36", missing)) {
        Path folder = entry.path() / "vendor/llama.cpp/models/templates";
        if (std::filesystem::is_directory(folder)) return folder;
    }
    return base / "peers/llama-cpp-0.3.36";
}

TEST(JinjaGolden, RendersTheTemplatesOfManyModels) {
    Path folder = templates_folder();
    Json golden = read_json(testing::source_folder() / "tests/golden/template_hashes.json");
    const Json::Array& conversations = *golden.find("conversations")->as_array();
    size_t files = 0, rendered = 0;
    for (const auto& [name, hashes] : *golden.find("templates")->as_object()) {
        auto file = read_file(folder / name, 1 << 20);
        const Json::Array& wanted = *hashes.as_array();
        if (!file || hash(*file) != *wanted[0].as_string()) continue;  // another version
        files++;
        for (size_t i = 0; i < conversations.size(); i++) {
            auto made = render(*file, *conversations[i].find("variables"));
            std::string got = made ? hash(*made) : "-";
            EXPECT_EQ(got, *wanted[i + 1].as_string())
                << name << ", " << conversations[i].string_or("name", "") << ": "
                << (made ? *made : made.error().what);
            rendered++;
        }
    }
    if (files == 0) GTEST_SKIP() << folder << " holds no known template; set LINNET_TEMPLATES";
    std::printf("%zu templates, %zu conversations\n", files, rendered);
}

}  // namespace
}  // namespace linnet::jinja
