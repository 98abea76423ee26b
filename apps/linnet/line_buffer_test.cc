#include "linnet/line_buffer.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/text.h"
#include "linnet/output.h"

namespace linnet {
namespace {

// The text with a bar where the cursor is.
std::string shown(const LineBuffer& buffer) {
    return std::string(buffer.text()).insert(buffer.cursor(), "|");
}

LineBuffer buffer_of(std::string text) {
    size_t at = text.find('|');
    text.erase(at, 1);
    LineBuffer buffer;
    buffer.set(text.substr(at));
    while (buffer.left()) {
    }
    EXPECT_TRUE(buffer.insert(text.substr(0, at)));
    return buffer;
}

std::string after(std::string text, bool (LineBuffer::*edit)()) {
    LineBuffer buffer = buffer_of(std::move(text));
    (buffer.*edit)();
    return shown(buffer);
}

TEST(LineBuffer, MovesByCharactersAsTheyAreSeen) {
    EXPECT_EQ(after("añ|b", &LineBuffer::left), "a|ñb");
    EXPECT_EQ(after("n\u0303|b", &LineBuffer::left), "|n\u0303b");  // n and a combining tilde
    EXPECT_EQ(after("x|\U0001F469\u200D\U0001F4BBy", &LineBuffer::right),
              "x\U0001F469\u200D\U0001F4BB|y");  // a woman at a computer, one picture
    EXPECT_EQ(after("\U0001F44D\U0001F3FD|", &LineBuffer::erase_left), "|");  // with a skin tone
    EXPECT_EQ(after("日|本", &LineBuffer::erase_right), "日|");
    EXPECT_EQ(after("|", &LineBuffer::left), "|");
    EXPECT_EQ(after("|", &LineBuffer::erase_left), "|");
}

TEST(LineBuffer, MovesByWordsAndLines) {
    EXPECT_EQ(after("one two-three|", &LineBuffer::word_left), "one two-|three");
    EXPECT_EQ(after("|  über uns", &LineBuffer::word_right), "  über| uns");
    EXPECT_EQ(after("ab\ncd|e", &LineBuffer::line_start), "ab\n|cde");
    EXPECT_EQ(after("a|b\ncd", &LineBuffer::line_end), "ab|\ncd");
    EXPECT_EQ(after("日本|x\nabcdef", &LineBuffer::down), "日本x\nabcd|ef");
    EXPECT_EQ(after("ab\n\nabcd|", &LineBuffer::up), "ab\n|\nabcd");
    EXPECT_EQ(after("abc\nd|", &LineBuffer::up), "a|bc\nd");
    EXPECT_EQ(after("\nd|", &LineBuffer::up), "|\nd");
    EXPECT_FALSE(buffer_of("ab|c").up());
    EXPECT_FALSE(buffer_of("ab|c").down());
}

TEST(LineBuffer, KillsAndYanks) {
    LineBuffer buffer = buffer_of("one two| three");
    EXPECT_TRUE(buffer.kill_word_left());
    EXPECT_EQ(shown(buffer), "one | three");
    EXPECT_TRUE(buffer.line_end());
    EXPECT_TRUE(buffer.yank());
    EXPECT_EQ(shown(buffer), "one  threetwo|");
    EXPECT_EQ(after("ab|cd\nef", &LineBuffer::kill_to_line_end), "ab|\nef");
    EXPECT_EQ(after("ab|\nef", &LineBuffer::kill_to_line_end), "ab|ef");
    EXPECT_EQ(after("ab\nc|d", &LineBuffer::kill_to_line_start), "ab\n|d");
    EXPECT_EQ(after("|one two", &LineBuffer::kill_word_right), "| two");
    EXPECT_EQ(after("añ|b", &LineBuffer::transpose), "abñ|");
    EXPECT_EQ(after("añ|", &LineBuffer::transpose), "ña|");
    EXPECT_EQ(after("a|", &LineBuffer::transpose), "a|");
}

TEST(LineBuffer, IsBounded) {
    LineBuffer buffer;
    EXPECT_TRUE(buffer.insert(std::string(LineBuffer::text_max, 'x')));
    EXPECT_FALSE(buffer.insert("y"));
    EXPECT_EQ(buffer.text().size(), LineBuffer::text_max);
}

TEST(LineBuffer, LaysOutRowsAndTheCursor) {
    LineLayout layout = lay_out("> ", ". ", "abcdef", 6, 5);
    EXPECT_EQ(layout.rows, (std::vector<std::string>{"> abc", "def"}));
    EXPECT_EQ(layout.cursor_row, 1u);
    EXPECT_EQ(layout.cursor_column, 3u);
    layout = lay_out("> ", ". ", "abc", 3, 5);  // a full row: the cursor opens the next
    EXPECT_EQ(layout.rows, (std::vector<std::string>{"> abc", ""}));
    EXPECT_EQ(layout.cursor_row, 1u);
    layout = lay_out("> ", ". ", "a日本", 0, 5);  // a wide character does not straddle
    EXPECT_EQ(layout.rows, (std::vector<std::string>{"> a日", "本"}));
    EXPECT_EQ(layout.cursor_column, 2u);
    layout = lay_out("> ", ". ", "a\nb\t", 4, 20);
    EXPECT_EQ(layout.rows, (std::vector<std::string>{"> a", ". b    "}));
    EXPECT_EQ(layout.cursor_row, 1u);
    EXPECT_EQ(layout.cursor_column, 7u);
}

using Edit = bool (LineBuffer::*)();
constexpr Edit edits[] = {&LineBuffer::left,
                          &LineBuffer::right,
                          &LineBuffer::up,
                          &LineBuffer::down,
                          &LineBuffer::line_start,
                          &LineBuffer::line_end,
                          &LineBuffer::word_left,
                          &LineBuffer::word_right,
                          &LineBuffer::erase_left,
                          &LineBuffer::erase_right,
                          &LineBuffer::transpose,
                          &LineBuffer::kill_word_left,
                          &LineBuffer::kill_word_right,
                          &LineBuffer::kill_to_line_start,
                          &LineBuffer::kill_to_line_end,
                          &LineBuffer::yank};
const std::vector<std::string> pieces = {
    "a", " ", "é", "日", "\n", "\u0301", "\u200D", "\U0001F469", "\t", "word", "\U0001F3FD"};

RC_GTEST_PROP(LineBuffer, AnyEditsKeepTheTextValidAndTheCursorInIt,
              (const std::vector<uint8_t>& choices, uint8_t columns)) {
    LineBuffer buffer;
    for (uint8_t choice : choices) {
        if (choice % 2 == 0)
            buffer.insert(pieces[choice / 2 % pieces.size()]);
        else
            (buffer.*edits[choice / 2 % std::size(edits)])();
        RC_ASSERT(buffer.cursor() <= buffer.text().size());
        RC_ASSERT(valid_utf8(buffer.text()));
        RC_ASSERT(valid_utf8(buffer.text().substr(0, buffer.cursor())));
        LineLayout layout = lay_out(">>> ", "... ", buffer.text(), buffer.cursor(), columns);
        RC_ASSERT(layout.cursor_row < layout.rows.size());
        size_t width = std::max<size_t>(columns, 4);
        RC_ASSERT(layout.cursor_column < width);
        for (const std::string& row : layout.rows) RC_ASSERT(display_width(row) <= width);
    }
}

TEST(LineBuffer, WhatIsWiderThanTheWindowStillFits) {
    std::string family = "\U0001F469\u200D\U0001F469\u200D\U0001F469";
    LineLayout layout = lay_out("> ", ". ", family, family.size(), 4);
    EXPECT_LT(layout.cursor_column, 4u);
    for (const std::string& row : layout.rows) EXPECT_LE(display_width(row), 4u) << row;
}

RC_GTEST_PROP(LineBuffer, LeftUndoesRight, (const std::vector<uint8_t>& choices)) {
    LineBuffer buffer;
    for (uint8_t choice : choices) buffer.insert(pieces[choice % pieces.size()]);
    while (buffer.left()) {
    }
    for (size_t before = 0; buffer.right(); before = buffer.cursor()) {
        size_t here = buffer.cursor();
        RC_ASSERT(buffer.left());
        RC_ASSERT(buffer.cursor() == before);
        RC_ASSERT(buffer.right());
        RC_ASSERT(buffer.cursor() == here);
    }
    RC_ASSERT(buffer.cursor() == buffer.text().size());
}

}  // namespace
}  // namespace linnet
