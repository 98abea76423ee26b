#include "base/text.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <bitset>
#include <cmath>
#include <limits>
#include <memory>

#include "base/testing/result.h"

namespace linnet {
namespace {

using testing::expect_refused;
using testing::must;

TEST(Text, JoinsPieces) {
    EXPECT_EQ(cat("a", std::string("b"), 'c', 1, -2, 0.5f, 1e300, true, uint8_t{7}),
              "abc1-20.51e+300true7");
    EXPECT_EQ(cat(), "");
    EXPECT_EQ(cat(std::filesystem::path("a\nb")), "a\\x0Ab");
    EXPECT_EQ(cat(std::numeric_limits<uint64_t>::max()), "18446744073709551615");
    std::string parts[] = {"a", "", "b"};
    EXPECT_EQ(join(parts, ", "), "a, , b");
    EXPECT_EQ(join({}, ", "), "");
}

TEST(Text, SplitsAndTrims) {
    EXPECT_EQ(split("a,,b", ','), (std::vector<std::string_view>{"a", "", "b"}));
    EXPECT_EQ(split("", ','), std::vector<std::string_view>{""});
    EXPECT_EQ(split(",", ',').size(), 2u);
    EXPECT_EQ(trim(" \t\r\n\f\va b\n"), "a b");
    EXPECT_EQ(trim(" \n "), "");
    EXPECT_EQ(lower("ÀBC[\x80z"), "Àbc[\x80z");
    EXPECT_EQ(replace_all("aaa", "aa", "b"), "ba");
    EXPECT_EQ(replace_all("aXa", "a", "aa"), "aaXaa");
}

RC_GTEST_PROP(Text, JoinUndoesSplit, (std::string text)) {
    auto views = split(text, 'a');
    std::vector<std::string> parts(views.begin(), views.end());
    RC_ASSERT(join(parts, "a") == text);
}

TEST(Text, WritesNumbersFixed) {
    EXPECT_EQ(fixed(3.14159, 2), "3.14");
    EXPECT_EQ(fixed(-0.5, 0), "-0");
    std::string largest = fixed(std::numeric_limits<double>::max(), 2);
    EXPECT_EQ(largest.size(), 309u + 3);
    EXPECT_EQ(parse_number(largest), std::numeric_limits<double>::max());
    EXPECT_EQ(fixed(1, 1000).size(), 62u) << "decimals are bounded";
    EXPECT_EQ(fixed(1, -3), "1");
}

TEST(Text, WritesBytesForPeople) {
    EXPECT_EQ(bytes_text(0), "0 B");
    EXPECT_EQ(bytes_text(999), "999 B");
    EXPECT_EQ(bytes_text(1000), "1.0 kB");
    EXPECT_EQ(bytes_text(98'362'432), "98.4 MB");
    EXPECT_EQ(bytes_text(999'949), "999.9 kB");
    EXPECT_EQ(bytes_text(999'950), "1.0 MB") << "never 1000.0 kB";
    EXPECT_EQ(bytes_text(999'999'999), "1.0 GB");
    EXPECT_EQ(bytes_text(std::numeric_limits<uint64_t>::max()), "18.4 EB");
}

TEST(Text, WritesDurationsForPeople) {
    EXPECT_EQ(duration_text(0), "0.0 s");
    EXPECT_EQ(duration_text(9.94), "9.9 s");
    EXPECT_EQ(duration_text(9.96), "10 s");
    EXPECT_EQ(duration_text(59.4), "59 s");
    EXPECT_EQ(duration_text(59.6), "1m 00s");
    EXPECT_EQ(duration_text(65), "1m 05s");
    EXPECT_EQ(duration_text(3599.4), "59m 59s");
    EXPECT_EQ(duration_text(3599.6), "1h 00m");
    EXPECT_EQ(duration_text(7380), "2h 03m");
    EXPECT_EQ(duration_text(1e18), ">99h");
    EXPECT_EQ(duration_text(INFINITY), ">99h");
    EXPECT_EQ(duration_text(-1), "?");
    EXPECT_EQ(duration_text(NAN), "?");
}

TEST(Text, ReadsSizes) {
    auto bytes = [](std::string_view text) { return must(parse_bytes(text)); };
    EXPECT_EQ(bytes("0"), 0u);
    EXPECT_EQ(bytes("10"), 10u);
    EXPECT_EQ(bytes("10B"), 10u);
    EXPECT_EQ(bytes(" 10 kB "), 10'000u);
    EXPECT_EQ(bytes("10K/s"), 10'000u);
    EXPECT_EQ(bytes("1.5GiB"), 1'610'612'736u);
    EXPECT_EQ(bytes("2mi"), 2'097'152u);
    EXPECT_EQ(bytes("1e3k"), 1'000'000u);
    EXPECT_EQ(bytes("8PB"), 8'000'000'000'000'000u);
    EXPECT_EQ(bytes("0.4"), 0u);
}

TEST(Text, RefusesWhatIsNoSize) {
    for (std::string_view bad :
         {"",         " ",     "k",    "B",         "i",    "1i",     "1ib", "-1",
          "-1k",      "1x",    "1kk",  "1kbb",      "1 2",  "1,5M",   "nan", "inf",
          "infinity", "1e999", "9e18", "9000000PB", "0x10", "1k/s/s", "+1",  "1.5.2"})
        expect_refused(parse_bytes(bad), Code::Usage, "is not a size", bad);
    expect_refused(parse_bytes(std::string_view("1\0k", 3)), Code::Usage, "'1\\x00k'");
    expect_refused(parse_bytes("1\x1b[2J"), Code::Usage, "\\x1B", "escaped");
}

TEST(Text, ReadsDurations) {
    auto seconds = [](std::string_view text) { return must(parse_duration(text)); };
    EXPECT_EQ(seconds("500ms"), 0.5);
    EXPECT_EQ(seconds("10"), 10);
    EXPECT_EQ(seconds("10s"), 10);
    EXPECT_EQ(seconds("1.5m"), 90);
    EXPECT_EQ(seconds("2 min"), 120);
    EXPECT_EQ(seconds("2h"), 7200);
    for (std::string_view bad : {"", "s", "-1s", "1d", "1 h 2", "nan", "inf", "1e999s"})
        expect_refused(parse_duration(bad), Code::Usage, "is not a duration", bad);
}

TEST(Text, ReadsNumbersWhole) {
    EXPECT_EQ(parse_integer<int>("-12"), -12);
    EXPECT_EQ(parse_integer<uint8_t>("255"), 255);
    for (const char* bad : {"", "256", "-1", "1 ", " 1", "1x", "0x1"})
        EXPECT_EQ(parse_integer<uint8_t>(bad), std::nullopt) << bad;
    EXPECT_EQ(parse_number("-1.5e3"), -1500);
    for (const char* bad : {"", "1e999", "inf", "nan", "1 ", "1,5"})
        EXPECT_EQ(parse_number(bad), std::nullopt) << bad;
}

TEST(Text, FindsWhatWasMeant) {
    std::vector<std::string> commands = {"pull", "list",       "show",  "rm",
                                         "gc",   "completion", "config"};
    auto meant = [&](std::string_view word) { return closest(word, commands).value_or(""); };
    EXPECT_EQ(meant("pul"), "pull");
    EXPECT_EQ(meant("PULL"), "pull");
    EXPECT_EQ(meant("lsit"), "list");
    EXPECT_EQ(meant("comp"), "completion") << "what begins so";
    EXPECT_EQ(meant("xyz"), "");
    EXPECT_EQ(meant("zz"), "") << "two edits from gc and rm leave nothing of them";
    EXPECT_EQ(meant(""), "");
    EXPECT_EQ(closest("pull", {}), std::nullopt);
}

TEST(Text, ComparesWordsUpToABound) {
    std::string longest(100, 'a');
    std::vector<std::string> candidates = {std::string(99, 'a') + "b"};
    EXPECT_EQ(closest(longest, candidates), candidates[0]);
    EXPECT_EQ(closest(longest + "a", candidates), std::nullopt);
    candidates = {longest + "a"};
    EXPECT_EQ(closest(longest, candidates), std::nullopt);
}

// Every code point encoded by arithmetic; a text is valid exactly when it is a row of such.
class Encodings {
  public:
    Encodings() {
        for (uint32_t c = 0; c < 0x10000; c++)
            if (c < 0xD800 || c > 0xDFFF) mark(c);
    }
    bool valid(const unsigned char* bytes, size_t size) const {
        if (size == 0) return true;
        if (bytes[0] < 0x80 && valid(bytes + 1, size - 1)) return true;
        if (size >= 2 && two_[bytes[0] << 8 | bytes[1]] && valid(bytes + 2, size - 2)) return true;
        return size >= 3 && three_[bytes[0] << 16 | bytes[1] << 8 | bytes[2]];
    }

  private:
    void mark(uint32_t c) {
        if (c >= 0x800)
            three_[(0xE0 | c >> 12) << 16 | (0x80 | (c >> 6 & 0x3F)) << 8 | (0x80 | (c & 0x3F))] =
                1;
        else if (c >= 0x80)
            two_[(0xC0 | c >> 6) << 8 | (0x80 | (c & 0x3F))] = 1;
    }
    std::bitset<1 << 16> two_;
    std::bitset<1 << 24> three_;
};

TEST(Text, KnowsEveryShortUtf8) {
    auto encodings = std::make_unique<Encodings>();
    size_t wrong = 0;
    for (size_t size = 1; size <= 3; size++)
        for (uint32_t all = 0; all < 1u << 8 * size; all++) {
            unsigned char bytes[3];
            for (size_t i = 0; i < size; i++)
                bytes[i] = static_cast<unsigned char>(all >> 8 * (size - 1 - i));
            std::string_view text(reinterpret_cast<const char*>(bytes), size);
            wrong += valid_utf8(text) != encodings->valid(bytes, size);
        }
    EXPECT_EQ(wrong, 0u);
}

TEST(Text, KnowsUtf8OfFourBytes) {
    auto encoded = [](uint32_t c) {
        return std::string{
            static_cast<char>(0xF0 | c >> 18), static_cast<char>(0x80 | (c >> 12 & 0x3F)),
            static_cast<char>(0x80 | (c >> 6 & 0x3F)), static_cast<char>(0x80 | (c & 0x3F))};
    };
    for (uint32_t c = 0; c < 0x200000; c += 0x101)
        EXPECT_EQ(valid_utf8(encoded(c)), c >= 0x10000 && c <= 0x10FFFF) << c;
    EXPECT_TRUE(valid_utf8(encoded(0x10FFFF)));
    EXPECT_FALSE(valid_utf8(encoded(0x110000)));
    EXPECT_FALSE(valid_utf8(encoded(0xFFFF)));
    EXPECT_FALSE(valid_utf8(encoded(0x1F600).substr(0, 3)));
}

TEST(Text, EscapesWhatSteersATerminal) {
    EXPECT_EQ(printable("héllo 世界 😀"), "héllo 世界 😀");
    EXPECT_EQ(printable("\x1b]0;owned\x07"), "\\x1B]0;owned\\x07");
    EXPECT_EQ(printable("a\r\n\t\x7f"), "a\\x0D\\x0A\\x09\\x7F");
    EXPECT_EQ(printable("\xc2\x9b"
                        "31m"),
              "\\xC2\\x9B31m")
        << "the control sequence introducer";
    EXPECT_EQ(printable("\xc2\xa0"), "\xc2\xa0");
    EXPECT_EQ(printable("\xff\xc3("), "\\xFF\\xC3(");
    EXPECT_EQ(printable("gpj.\u202Egguf"), "gpj.\\xE2\\x80\\xAEgguf");
    EXPECT_EQ(printable("\u2066x\u2069\u200f\u2028"),
              "\\xE2\\x81\\xA6x\\xE2\\x81\\xA9\\xE2\\x80\\x8F\\xE2\\x80\\xA8");
    EXPECT_EQ(printable("\u200d\u2027\u202f\u2065\u206a"), "\u200d\u2027\u202f\u2065\u206a");
    EXPECT_EQ(printable(std::string_view("\0", 1)), "\\x00");
}

TEST(Text, CutsWhatIsTooLong) {
    EXPECT_EQ(printable("abcdef", 4), "abcd…");
    EXPECT_EQ(printable("abcd", 4), "abcd");
    EXPECT_LE(printable(std::string(100'000, '\x01')).size(), 4096u + 16);
}

RC_GTEST_PROP(Text, PrintableIsAlwaysValidAndQuiet, (std::string text)) {
    std::string out = printable(text);
    RC_ASSERT(valid_utf8(out));
    for (char c : out) RC_ASSERT(static_cast<unsigned char>(c) >= 0x20 && c != 0x7F);
    RC_ASSERT(printable(out) == out);
}

}  // namespace
}  // namespace linnet
