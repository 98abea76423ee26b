#include "linnet/line_buffer.h"

#include <algorithm>
#include <utility>

#include "linnet/output.h"

namespace linnet {
namespace {

constexpr std::string_view joiner = "\u200D";

size_t code_point_end(std::string_view text, size_t at) {
    auto lead = static_cast<unsigned char>(text[at]);
    size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
    size_t end = at + 1;
    while (end < text.size() && end < at + length &&
           (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80)
        end++;
    return end;
}

// Letters of any script: all that is not ASCII counts as one.
bool in_word(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           static_cast<unsigned char>(c) >= 0x80;
}

}  // namespace

size_t character_end(std::string_view text, size_t at) {
    if (at >= text.size()) return text.size();
    size_t end = code_point_end(text, at);
    if (text[at] == '\n') return end;
    while (end < text.size() && static_cast<unsigned char>(text[end]) >= 0x80) {
        size_t next = code_point_end(text, end);
        std::string_view mark = text.substr(end, next - end);
        bool joined = text.substr(at, end - at).ends_with(joiner);
        if (display_width(mark) != 0 && !joined) break;
        end = next;
    }
    return end;
}

size_t character_begin(std::string_view text, size_t before) {
    // Boundaries depend on what stands in front, so they are found from the start of the line.
    size_t at = before == 0 ? 0 : text.rfind('\n', before - 1);
    at = at == text.npos ? 0 : at;
    while (at < before) {
        size_t end = character_end(text, at);
        if (end >= before) return at;
        at = end;
    }
    return 0;
}

void LineBuffer::set(std::string text) {
    text_ = std::move(text);
    cursor_ = text_.size();
}

bool LineBuffer::insert(std::string_view text) {
    if (text.size() > text_max - text_.size()) return false;
    text_.insert(cursor_, text);
    // A mark that was typed joins the character in front of it.
    cursor_ += text.size();
    return true;
}

bool LineBuffer::move_to(size_t at) {
    return std::exchange(cursor_, at) != at;
}
bool LineBuffer::left() {
    return cursor_ > 0 && move_to(character_begin(text_, cursor_));
}
bool LineBuffer::right() {
    return move_to(character_end(text_, cursor_));
}

size_t LineBuffer::start_of_line() const {
    size_t at = cursor_ == 0 ? text_.npos : text_.rfind('\n', cursor_ - 1);
    return at == text_.npos ? 0 : at + 1;
}
size_t LineBuffer::end_of_line() const {
    return std::min(text_.find('\n', cursor_), text_.size());
}
bool LineBuffer::line_start() {
    return move_to(start_of_line());
}
bool LineBuffer::line_end() {
    return move_to(end_of_line());
}

// The place in the line from `begin` that is as far right as the cursor is in its own.
static size_t same_column(std::string_view text, size_t begin, size_t columns) {
    size_t at = begin;
    while (at < text.size() && text[at] != '\n') {
        size_t end = character_end(text, at);
        if (display_width(text.substr(begin, end - begin)) > columns) break;
        at = end;
    }
    return at;
}

bool LineBuffer::up() {
    size_t start = start_of_line();
    if (start == 0) return false;
    size_t columns = display_width(std::string_view(text_).substr(start, cursor_ - start));
    size_t above = start == 1 ? text_.npos : text_.rfind('\n', start - 2);
    move_to(same_column(text_, above == text_.npos ? 0 : above + 1, columns));
    return true;
}

bool LineBuffer::down() {
    size_t end = end_of_line();
    if (end == text_.size()) return false;
    size_t start = start_of_line();
    size_t columns = display_width(std::string_view(text_).substr(start, cursor_ - start));
    move_to(same_column(text_, end + 1, columns));
    return true;
}

size_t LineBuffer::word_begin() const {
    size_t at = cursor_;
    while (at > 0 && !in_word(text_[at - 1])) at--;
    while (at > 0 && in_word(text_[at - 1])) at--;
    return at;
}
size_t LineBuffer::word_end() const {
    size_t at = cursor_;
    while (at < text_.size() && !in_word(text_[at])) at++;
    while (at < text_.size() && in_word(text_[at])) at++;
    return at;
}
bool LineBuffer::word_left() {
    return move_to(word_begin());
}
bool LineBuffer::word_right() {
    return move_to(word_end());
}

bool LineBuffer::erase_left() {
    size_t begin = character_begin(text_, cursor_);
    if (cursor_ == 0) return false;
    text_.erase(begin, cursor_ - begin);
    return move_to(begin);
}
bool LineBuffer::erase_right() {
    size_t end = character_end(text_, cursor_);
    if (end == cursor_) return false;
    text_.erase(cursor_, end - cursor_);
    return true;
}

bool LineBuffer::transpose() {
    size_t start = start_of_line();
    size_t middle = cursor_ == end_of_line() ? character_begin(text_, cursor_) : cursor_;
    if (cursor_ == start || middle <= start) return false;
    size_t begin = character_begin(text_, middle), end = character_end(text_, middle);
    std::rotate(text_.begin() + static_cast<ptrdiff_t>(begin),
                text_.begin() + static_cast<ptrdiff_t>(middle),
                text_.begin() + static_cast<ptrdiff_t>(end));
    return move_to(end);
}

bool LineBuffer::kill(size_t begin, size_t end) {
    if (begin == end) return false;
    killed_ = text_.substr(begin, end - begin);
    text_.erase(begin, end - begin);
    cursor_ = begin;
    return true;
}
bool LineBuffer::kill_word_left() {
    return kill(word_begin(), cursor_);
}
bool LineBuffer::kill_word_right() {
    return kill(cursor_, word_end());
}
bool LineBuffer::kill_to_line_start() {
    return kill(start_of_line(), cursor_);
}
// At the end of a line, joins it with the next.
bool LineBuffer::kill_to_line_end() {
    size_t end = end_of_line();
    return kill(cursor_, end == cursor_ ? character_end(text_, cursor_) : end);
}
bool LineBuffer::yank() {
    return !killed_.empty() && insert(killed_);
}

LineLayout lay_out(std::string_view prompt, std::string_view more, std::string_view text,
                   size_t cursor, size_t columns) {
    constexpr size_t tab_columns = 4;
    columns = std::max<size_t>(columns, 4);  // a wide character must fit beside nothing
    LineLayout layout;
    size_t column = 0;
    auto next_row = [&] {
        layout.rows.emplace_back();
        column = 0;
    };
    auto put = [&](std::string_view piece, size_t width) {
        if (width > columns) {  // a family of emoji in a very narrow window
            piece = "…";
            width = 1;
        }
        if (column + width > columns) next_row();
        layout.rows.back() += piece;
        column += width;
    };
    auto put_lead = [&](std::string_view lead) {
        size_t width = display_width(lead);
        if (width < columns) put(lead, width);
    };
    next_row();
    put_lead(prompt);
    bool placed = false;
    for (size_t at = 0;;) {
        if (at >= cursor && !std::exchange(placed, true)) {
            // Behind a full row the cursor stands at the start of the next.
            if (column == columns) next_row();
            layout.cursor_row = layout.rows.size() - 1;
            layout.cursor_column = column;
        }
        if (at >= text.size()) break;
        size_t end = character_end(text, at);
        std::string_view one = text.substr(at, end - at);
        if (one == "\n") {
            next_row();
            put_lead(more);
        } else if (one == "\t") {
            put(std::string(tab_columns, ' '), tab_columns);
        } else {
            put(one, display_width(one));
        }
        at = end;
    }
    return layout;
}

}  // namespace linnet
