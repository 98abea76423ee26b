#include <algorithm>

#include "base/text.h"
#include "linnet/output.h"

namespace linnet {
namespace {

struct Range {
    char32_t first, last;
};

// Condensed from the Unicode 15 properties East_Asian_Width (W, F) and Emoji_Presentation: blocks,
// not single characters, as a misjudged rare one only shifts a column.
constexpr Range wide[] = {
    {0x1100, 0x115F},   {0x231A, 0x231B},   {0x23E9, 0x23EC},   {0x25FD, 0x25FE},
    {0x2614, 0x2615},   {0x2648, 0x2653},   {0x26A1, 0x26A1},   {0x26BD, 0x26BE},
    {0x26C4, 0x26C5},   {0x26D4, 0x26D4},   {0x26EA, 0x26EA},   {0x26F2, 0x26F5},
    {0x2705, 0x2705},   {0x270A, 0x270B},   {0x2728, 0x2728},   {0x274C, 0x274E},
    {0x2753, 0x2757},   {0x2795, 0x2797},   {0x2B1B, 0x2B1C},   {0x2B50, 0x2B55},
    {0x2E80, 0x303E},   {0x3041, 0x33FF},   {0x3400, 0x4DBF},   {0x4E00, 0x9FFF},
    {0xA000, 0xA4CF},   {0xA960, 0xA97F},   {0xAC00, 0xD7A3},   {0xF900, 0xFAFF},
    {0xFE30, 0xFE6F},   {0xFF00, 0xFF60},   {0xFFE0, 0xFFE6},   {0x16FE0, 0x1B2FF},
    {0x1F18E, 0x1F19A}, {0x1F200, 0x1F320}, {0x1F32D, 0x1F64F}, {0x1F680, 0x1F6FF},
    {0x1F7E0, 0x1F7F0}, {0x1F900, 0x1F9FF}, {0x1FA70, 0x1FAFF}, {0x20000, 0x3FFFD},
};
constexpr Range zero[] = {
    {0x0300, 0x036F}, {0x0483, 0x0489}, {0x0591, 0x05BD},   {0x0610, 0x061A},   {0x064B, 0x065F},
    {0x06D6, 0x06DC}, {0x0E31, 0x0E31}, {0x0E34, 0x0E3A},   {0x0E47, 0x0E4E},   {0x1AB0, 0x1AFF},
    {0x1DC0, 0x1DFF}, {0x200B, 0x200F}, {0x202A, 0x202E},   {0x2060, 0x2064},   {0x20D0, 0x20F0},
    {0xFE00, 0xFE0F}, {0xFE20, 0xFE2F}, {0x1F3FB, 0x1F3FF}, {0xE0001, 0xE01EF},
};

template <size_t count>
bool within(const Range (&ranges)[count], char32_t c) {
    auto after = std::upper_bound(std::begin(ranges), std::end(ranges), c,
                                  [](char32_t value, Range range) { return value < range.first; });
    return after != std::begin(ranges) && c <= std::prev(after)->last;
}

// The character that starts at `at`, which moves on. A byte that is no UTF-8 counts as one.
char32_t next_character(std::string_view text, size_t& at) {
    auto lead = static_cast<unsigned char>(text[at++]);
    size_t more = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : lead >= 0xC0 ? 1 : 0;
    char32_t c = more == 0 ? lead : lead & (0x3Fu >> more);
    for (; more > 0 && at < text.size(); more--) {
        auto byte = static_cast<unsigned char>(text[at]);
        if ((byte & 0xC0) != 0x80) break;
        c = c << 6 | (byte & 0x3F);
        at++;
    }
    return c;
}

}  // namespace

size_t display_width(std::string_view text) {
    size_t width = 0;
    for (size_t at = 0; at < text.size();) {
        if (text[at] == '\x1b' && at + 1 < text.size() && text[at + 1] == '[') {  // colour
            at += 2;
            while (at < text.size() && !(text[at] >= '@' && text[at] <= '~')) at++;
            at += at < text.size();
            continue;
        }
        char32_t c = next_character(text, at);
        width += c < 0x20 || within(zero, c) ? 0 : within(wide, c) ? 2 : 1;
    }
    return width;
}

static std::string table_line(const std::vector<std::string>& cells,
                              const std::vector<size_t>& widths, const std::vector<bool>& right) {
    std::string line;
    for (size_t column = 0; column < cells.size(); column++) {
        size_t padding = widths[column] - display_width(cells[column]);
        bool is_right = column < right.size() && right[column];
        if (column > 0) line += "  ";
        if (is_right) line.append(padding, ' ');
        line += cells[column];
        if (!is_right && column + 1 < cells.size()) line.append(padding, ' ');
    }
    line.resize(line.find_last_not_of(' ') + 1);
    return line;
}

void Output::table(const Table& table) {
    std::vector<size_t> widths;
    auto measure = [&](const std::vector<std::string>& cells) {
        widths.resize(std::max(widths.size(), cells.size()));
        for (size_t i = 0; i < cells.size(); i++)
            widths[i] = std::max(widths[i], display_width(cells[i]));
    };
    measure(table.header);
    for (const auto& row : table.rows) measure(row);
    if (!table.header.empty())
        line(paint(Style::Bold, table_line(table.header, widths, table.right)));
    for (const auto& row : table.rows) line(table_line(row, widths, table.right));
}

}  // namespace linnet
