#include "base/log.h"

#include <gtest/gtest.h>

#include <regex>
#include <thread>

#include "base/testing/result.h"
#include "base/testing/temporary.h"
#include "base/text.h"

namespace linnet {
namespace {

using testing::must;

class LogFile : public ::testing::Test {
  protected:
    Path path() const { return folder.path() / "log"; }
    Log open(LogLevel level, LogFormat format) const {
        return must(Log::to_file(path(), level, format));
    }
    std::vector<std::string> lines(const Path& file) const {
        std::string text = must(read_file(file, 100'000'000));
        EXPECT_TRUE(text.empty() || text.ends_with('\n'));
        std::vector<std::string> out;
        for (std::string_view line : split(text, '\n')) out.emplace_back(line);
        out.pop_back();
        return out;
    }
    std::vector<std::string> lines() const { return lines(path()); }
    testing::TemporaryFolder folder;
};

TEST_F(LogFile, WritesTextForPeople) {
    Log log = open(LogLevel::Debug, LogFormat::Text);
    log.warn("slow disk", {{"bytes", 5}, {"path", "/tmp/a b"}, {"model", "x"}, {"none", ""}});
    ASSERT_EQ(lines().size(), 1u);
    std::regex expected(
        R"RE(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} warning slow disk  bytes=5  path="/tmp/a b"  )RE"
        R"RE(model=x  none="")RE");
    EXPECT_TRUE(std::regex_match(lines()[0], expected)) << lines()[0];
}

TEST_F(LogFile, WritesOneJsonObjectALine) {
    Log log = open(LogLevel::Info, LogFormat::Json);
    log.info("pulled \"x\"\n", {{"bytes", 98362432u}, {"ok", true}, {"rate", 1.5}});
    log.error("again");
    ASSERT_EQ(lines().size(), 2u);
    Json line = must(Json::parse(lines()[0]));
    EXPECT_EQ(line.string_or("level", ""), "info");
    EXPECT_EQ(line.string_or("message", ""), "pulled \"x\"\n");
    EXPECT_EQ(line.int_or("bytes", 0), 98362432);
    EXPECT_EQ(line.bool_or("ok", false), true);
    std::regex time(R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d)");
    EXPECT_TRUE(std::regex_match(line.string_or("time", ""), time)) << lines()[0];
    EXPECT_EQ(must(Json::parse(lines()[1])).string_or("level", ""), "error");
}

// What strangers send may end up in a log, and must neither forge lines nor steer a terminal.
TEST_F(LogFile, KeepsStrangersTextOnItsLine) {
    constexpr std::string_view evil =
        "a\n2026-01-01 00:00:00.000 info forged\x1b[2J \xc2\x9b"
        "31m \u202E %v {} \xff";
    open(LogLevel::Info, LogFormat::Text).info(evil, {{"a", evil}, {"b", "x\x1by"}});
    ASSERT_EQ(lines().size(), 1u);
    std::string line = lines()[0];
    for (char c : line) EXPECT_TRUE(static_cast<unsigned char>(c) >= 0x20) << line;
    EXPECT_EQ(line.find("\xc2\x9b"), std::string::npos);
    EXPECT_EQ(line.find("\u202E"), std::string::npos);
    EXPECT_NE(line.find("%v {}"), std::string::npos);
    std::filesystem::remove(path());
    open(LogLevel::Info, LogFormat::Json).info(evil, {{"a", evil}});
    ASSERT_EQ(lines().size(), 1u);
    EXPECT_TRUE(Json::parse(lines()[0])) << lines()[0];
}

TEST_F(LogFile, HoldsBackWhatIsBelowItsLevel) {
    for (LogLevel level :
         {LogLevel::Debug, LogLevel::Info, LogLevel::Warn, LogLevel::Error, LogLevel::Off}) {
        std::filesystem::remove(path());
        Log log = open(level, LogFormat::Text);
        log.debug("x");
        log.info("x");
        log.warn("x");
        log.error("x");
        EXPECT_EQ(lines().size(), 4 - static_cast<size_t>(level));
    }
    Log::silent().error("nobody hears this");
}

TEST_F(LogFile, KeepsABoundedNumberOfBoundedFiles) {
    constexpr uint64_t bytes_max = 2000;
    constexpr size_t files_max = 2;
    Log log = must(Log::to_file(path(), LogLevel::Info, LogFormat::Json, bytes_max, files_max));
    for (int i = 0; i < 300; i++) log.info("line", {{"i", i}});
    size_t files = 0;
    int last = -1;
    for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
        files++;
        EXPECT_LE(entry.file_size(), bytes_max);
        for (const std::string& line : lines(entry.path()))
            last = std::max(last, static_cast<int>(must(Json::parse(line)).int_or("i", -1)));
    }
    EXPECT_EQ(files, files_max + 1);
    EXPECT_EQ(last, 299);
}

TEST_F(LogFile, TakesLinesFromManyThreads) {
    Log log = open(LogLevel::Info, LogFormat::Json);
    {
        std::vector<std::jthread> threads;
        for (int thread = 0; thread < 4; thread++)
            threads.emplace_back([log, thread] {
                for (int i = 0; i < 100; i++) log.info("line", {{"thread", thread}, {"i", i}});
            });
    }
    std::vector<int> next(4, 0);
    for (const std::string& line : lines()) {
        Json json = must(Json::parse(line));
        EXPECT_EQ(json.int_or("i", -1), next.at(static_cast<size_t>(json.int_or("thread", 9)))++);
    }
    EXPECT_EQ(next, std::vector<int>(4, 100));
}

TEST_F(LogFile, SaysWhyItCannotBeOpened) {
    testing::expect_refused(
        Log::to_file(folder.path() / "absent/log", LogLevel::Info, LogFormat::Text), Code::NotFound,
        "absent/log");
    testing::expect_refused(Log::to_file(folder.path(), LogLevel::Info, LogFormat::Text),
                            Code::BadInput, "it is a folder");
}

TEST(LogLevel, HasNames) {
    EXPECT_EQ(must(parse_log_level("warn")), LogLevel::Warn);
    EXPECT_EQ(must(parse_log_level("off")), LogLevel::Off);
    testing::expect_refused(parse_log_level("Loud"), Code::Usage, "'Loud' is not a log level");
}

}  // namespace
}  // namespace linnet
