#include "tidy.h"

#include <gtest/gtest.h>

namespace linnet::tidy {
namespace {

// What the checks of one file find in it, as "line: what".
std::vector<std::string> findings(const char* path, std::string text, Tidy tidy = {}) {
    tidy.files.push_back({path, std::move(text)});
    const File file = tidy.files.back();
    check_lines(tidy, file);
    check_house(tidy, file);
    check_sizes(tidy, file);
    check_links(tidy, file);
    std::vector<std::string> out;
    for (const Finding& finding : tidy.findings) {
        out.push_back(std::to_string(finding.line) + ": " + finding.what);
    }
    return out;
}

void expect_clean(const char* path, std::string text, Tidy tidy = {}) {
    auto found = findings(path, std::move(text), std::move(tidy));
    EXPECT_TRUE(found.empty()) << found.front();
}

void expect_found(const char* path, std::string text, std::string what) {
    auto found = findings(path, std::move(text));
    ASSERT_EQ(found.size(), 1u);
    EXPECT_NE(found[0].find(what), std::string::npos) << found[0];
}

TEST(TidyLines, LongLinesCountCharactersNotBytes) {
    std::string dots;
    for (int i = 0; i < 97; i++) dots += "·";
    expect_clean("src/a/a.cc", "// " + dots + "\n");
    expect_found("src/a/a.cc", "\n// " + dots + "·\n", "2: longer than 100 columns");
}

TEST(TidyLines, LongLinesAreAllowedForAddressesTablesAndProse) {
    std::string dots(120, '.');
    expect_clean("src/a/a.cc", "// https://a.example/" + dots + "\n");
    expect_clean("src/a/a.cc", "// clang-format off\n// " + dots + "\n// clang-format on\n");
    expect_clean("src/a/a.cc", "auto a = R\"(" + dots + ")\";\n");
    expect_clean("README.md", dots + "\n");
}

TEST(TidyLines, FindsWhiteSpaceAndMarks) {
    expect_found("a.md", "a \n", "1: white space");
    expect_found("a.md", "a", "1: no newline");
    expect_found("src/a/a.cc", "int\ta;\n", "a tab");
    expect_found("a.md", std::string("FIX") + "ME\n", "does not belong");
    expect_found("a.md", std::string("XX") + "X: later\n", "mark");
    expect_clean("src/a/a.cc", std::string("mkstemp(\"a.XX") + "XXXX\");\n");
    expect_found("src/a/a.cc", std::string("// TO") + "DO later\n", "of which kind");
    expect_clean("src/a/a.cc", std::string("// TO") + "DO(speed): later\n");
}

TEST(TidyLines, RegistryHostsAreConfiguration) {
    std::string host = std::string("https://py") + "pi.example.org/simple";
    expect_found("src/net/a.cc", "// " + host + "\n", "configuration");
    expect_clean("src/net/a.cc", "// https://registry.example/\n");
}

TEST(TidyHouse, InvariantsHoldInProductCodeOnly) {
    expect_found("src/a/a.cc", "void f() { std::printf(\"a\"); }\n", "prints");
    expect_found("src/a/a.cc", "void f() { throw 1; }\n", "throws");
    expect_found("src/a/a.cc", "auto a = std::getenv(\"A\");\n", "environment");
    expect_found("src/a/a.h", "#pragma once\n#include <openssl/evp.h>\n", "third party");
    expect_found("src/a/a.h", "int a;\n", "#pragma once");
    expect_clean("src/a/a.cc", "// throw\nauto a = \"throw\";\n#include <openssl/evp.h>\n");
    expect_clean("src/a/a_test.cc", "void f() { std::printf(\"a\"); }\n");
    expect_clean("apps/linnet/a.cc", "auto a = std::getenv(\"A\");\n");
}

TEST(TidyHouse, OwnHeaderComesFirst) {
    Tidy tidy;
    tidy.files.push_back({"src/a/a.h", "#pragma once\n"});
    expect_clean("src/a/a.cc", "#include \"a/a.h\"\n\n#include <vector>\n", tidy);
    EXPECT_EQ(findings("src/a/a.cc", "#include <vector>\n#include \"a/a.h\"\n", tidy).size(), 1u);
}

TEST(TidyHouse, DeadFiles) {
    Tidy tidy;
    tidy.files = {{"src/a/a.cc", "#include \"a/a.h\"\n"},
                  {"src/a/a.h", ""},
                  {"src/a/dead.cc", ""},
                  {"src/a/dead.h", "#include \"a/dead.h\"\n"},
                  {"src/a/x_bench.cc", ""}};
    tidy.compiled = {"src/a/a.cc"};
    check_dead(tidy);
    ASSERT_EQ(tidy.findings.size(), 2u);
    EXPECT_EQ(tidy.findings[0].path, "src/a/dead.cc");
    EXPECT_EQ(tidy.findings[1].path, "src/a/dead.h");
}

TEST(TidySizes, FindsFunctionsAmongOtherBraces) {
    auto found = functions(
        "namespace a {\n"
        "constexpr int table[] = {1, 2};\n"
        "struct S : B {\n"
        "    S() : x_{1}, y_(2) {}\n"
        "    int f() const {\n"
        "        return [] { return '}'; }();\n"
        "    }\n"
        "};\n"
        "template <class T>\n"
        "auto g(T t)\n"
        "#if A\n"
        "    -> int {\n"
        "#else\n"
        "{\n"
        "#endif\n"
        "    if (t) {\n"
        "    }\n"
        "    return R\"x({{{)x\";\n"
        "}\n"
        "TEST(Suite, name) {\n"
        "}\n"
        "}\n");
    std::vector<std::string> names;
    for (const Function& function : found) {
        if (function.lines > 1) names.push_back(function.name + std::to_string(function.lines));
    }
    EXPECT_EQ(names, (std::vector<std::string>{"f3", "g11", "TEST(Suite, name)2"}));
}

TEST(TidySizes, TheListMayShrinkAndNeverGrow) {
    std::string text = "void f() {\n" + std::string(79, '\n') + "}\n";
    EXPECT_EQ(findings("src/a/a.cc", text).size(), 1u);
    Tidy tidy;
    tidy.allowed_sizes["src/a/a.cc:f"] = 81;
    expect_clean("src/a/a.cc", text, tidy);
    tidy.allowed_sizes["src/a/a.cc:f"] = 80;
    EXPECT_EQ(findings("src/a/a.cc", text, tidy).size(), 1u);

    tidy.files.push_back({"src/a/a.cc", "void f() {\n}\n"});
    check_allowed_sizes(tidy);
    EXPECT_EQ(tidy.findings.size(), 1u);
}

TEST(TidyTwins, TypesOfOneNameStandInOneFile) {
    auto twins = [](std::string first, std::string second) {
        Tidy tidy;
        tidy.files = {{"src/a/a.h", std::move(first)}, {"apps/b.h", std::move(second)}};
        check_twins(tidy);
        return tidy.findings.size();
    };
    const std::string a = "namespace n {\nstruct A {\n};\n}  // namespace n\n";
    EXPECT_EQ(twins(a, a), 1u);
    EXPECT_EQ(twins(a, "namespace n {\nclass A final : public B {\n};\n}  // namespace n\n"), 1u);
    EXPECT_EQ(twins(a, "namespace m {\nstruct A {\n};\n}  // namespace m\n"), 0u);
    EXPECT_EQ(twins(a,
                    "namespace n {\nnamespace {\nstruct A {\n};\n}  // namespace\n"
                    "}  // namespace n\n"),
              0u);
    // A name that is only declared, a type within another, and one that is not at the margin.
    EXPECT_EQ(twins(a,
                    "namespace n {\nclass A;\nstruct A::B {\n};\nstruct C {\n"
                    "    struct A {\n    };\n};\n}  // namespace n\n"),
              0u);
}

TEST(TidyLinks, LeadSomewhere) {
    Tidy tidy;
    tidy.files.push_back({"docs/b.md", "# A Title, with `code`\n"});
    tidy.folders.insert("docs");
    expect_clean("docs/a.md",
                 "[x](b.md) [x](../docs/) [x](b.md#a-title-with-code) [x](https://a.example)\n"
                 "`[x](none)`\n```\n[x](none)\n```\n",
                 tidy);
    EXPECT_EQ(findings("docs/a.md", "[x](c.md)\n[x](b.md#none)\n", tidy).size(), 2u);
}

}  // namespace
}  // namespace linnet::tidy
