#include "linnet/syntax.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "linnet/leaf.h"

namespace linnet {
namespace {

struct Sample {
    bool force = false;
    std::string model;
    std::vector<std::string> prompt, stops;
    std::optional<std::string> name;
    std::optional<double> temperature;
    int count = 1;
    uint64_t size = 0;
    double wait_s = 0;
    std::string mode = "fast";
    Syntax syntax;

    Sample() {
        syntax.positional("MODEL", &model, "a model").required();
        syntax.positional("PROMPT", &prompt, "words");
        syntax.flag("-f,--force", force, "a flag");
        syntax.option("-n,--count", &count, "N", "a number").between(1, 100);
        syntax.option("--size", &size, "SIZE", "a size").in(Unit::Size);
        syntax.option("--wait", &wait_s, "TIME", "a time").in(Unit::Seconds);
        syntax.option("--name", &name, "NAME", "a text");
        syntax.option("--stop", &stops, "TEXT", "several");
        syntax.option("--temperature", &temperature, "T", "a number");
        syntax.option("--mode", &mode, "MODE", "a choice").one_of({"fast", "slow"});
        syntax.setting("--threads", "run.threads", "N");
        syntax.setting("--offline", "pull.offline");
    }
    std::string parse(const std::vector<std::string>& words) {
        auto parsed = syntax.parse(words);
        if (parsed) return "";
        EXPECT_EQ(parsed.error().code, Code::Usage);
        const Error& error = parsed.error();
        return error.next.empty() ? error.what : error.what + " / " + error.next;
    }
};

TEST(Syntax, ReadsWhatIsWritten) {
    Sample sample;
    EXPECT_EQ(sample.parse({"smol", "-f", "-n5", "tell", "--size=10MB", "me", "--wait", "1m",
                            "--stop", "a", "--name", "", "--stop", "b", "--mode", "slow", "more"}),
              "");
    EXPECT_TRUE(sample.force);
    EXPECT_EQ(sample.model, "smol");
    EXPECT_EQ(sample.prompt, (std::vector<std::string>{"tell", "me", "more"}));
    EXPECT_EQ(sample.stops, (std::vector<std::string>{"a", "b"}));
    EXPECT_EQ(sample.count, 5);
    EXPECT_EQ(sample.size, 10'000'000u);
    EXPECT_EQ(sample.wait_s, 60);
    EXPECT_EQ(sample.name, "");
    EXPECT_EQ(sample.mode, "slow");
    EXPECT_FALSE(sample.temperature);
}

TEST(Syntax, LeavesDefaultsWhereNothingIsWritten) {
    Sample sample;
    EXPECT_EQ(sample.parse({"smol"}), "");
    EXPECT_EQ(sample.count, 1);
    EXPECT_EQ(sample.mode, "fast");
    EXPECT_FALSE(sample.name);
    EXPECT_TRUE(sample.syntax.given_settings().empty());
}

TEST(Syntax, TakesDashesAsTheyAreMeant) {
    Sample sample;
    EXPECT_EQ(sample.parse({"-", "--temperature", "-0.5", "--name=--x", "--", "-f", "--help"}), "");
    EXPECT_EQ(sample.model, "-");
    EXPECT_EQ(sample.temperature, -0.5);
    EXPECT_EQ(sample.name, "--x");
    EXPECT_EQ(sample.prompt, (std::vector<std::string>{"-f", "--help"}));
    EXPECT_FALSE(sample.force);
}

TEST(Syntax, TheLastOfSeveralHolds) {
    Sample sample;
    EXPECT_EQ(sample.parse({"smol", "--count", "3", "-n", "4", "-f", "-f"}), "");
    EXPECT_EQ(sample.count, 4);
}

TEST(Syntax, CollectsSettings) {
    Sample sample;
    EXPECT_EQ(sample.parse({"smol", "--threads", "3", "--offline"}), "");
    const auto& given = sample.syntax.given_settings();
    ASSERT_EQ(given.size(), 2u);
    EXPECT_EQ(given[0].key + given[0].text + given[0].flag, "run.threads3--threads");
    EXPECT_EQ(given[1].key + given[1].text + given[1].flag, "pull.offlinetrue--offline");
}

TEST(Syntax, SaysWhatIsWrong) {
    auto error = [](const std::vector<std::string>& words) { return Sample().parse(words); };
    EXPECT_EQ(error({}), "MODEL is missing");
    EXPECT_EQ(error({"m", "--cuont", "3"}), "unknown option '--cuont' / --count");
    EXPECT_EQ(error({"m", "--cuont=3"}), "unknown option '--cuont=3' / --count");
    EXPECT_EQ(error({"m", "-x"}), "unknown option '-x'");
    EXPECT_EQ(error({"m", "--count"}), "--count needs a value: N");
    EXPECT_EQ(error({"m", "--count", "x"}), "--count: 'x' is not a whole number");
    EXPECT_EQ(error({"m", "--count", "1.5"}), "--count: '1.5' is not a whole number");
    EXPECT_EQ(error({"m", "--count", "99999999999"}),
              "--count: '99999999999' is not a whole number that fits");
    EXPECT_EQ(error({"m", "--count", "0"}), "--count: '0' is not from 1 to 100");
    EXPECT_EQ(error({"m", "--temperature", "nan"}), "--temperature: 'nan' is not a number");
    EXPECT_EQ(error({"m", "--mode", "fats"}),
              "--mode: 'fats' is not one of the choices / --mode fast");
    EXPECT_EQ(error({"m", "--mode", "x"}),
              "--mode: 'x' is not one of the choices / one of fast, slow");
    EXPECT_EQ(error({"m", "--force=1"}), "--force takes no value");
    EXPECT_EQ(
        error({"m", "--threads", "x"}),
        "--threads: 'x' is not a whole number, which run.threads needs / write for example 4");
    EXPECT_EQ(error({"m", "--name", "\x1b[2J", "--mode", "\x1b[2J"}).find('\x1b'),
              std::string::npos);
    EXPECT_NE(error({"m", "--size", "big"}), "");
}

RC_GTEST_PROP(Syntax, NoWordsBreakIt, (std::vector<std::string> words)) {
    Sample sample;
    (void)sample.syntax.parse(words);
    for (std::string& word : words) word = "--" + word;
    (void)Sample().syntax.parse(words);
}

}  // namespace
}  // namespace linnet
