// The text that is being written and the cursor in it: what editing keys do, without a terminal.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace linnet {

// Where the character ends that begins at `at`: a code point with the marks, joiners and selectors
// that are drawn into it. Bytes that are no UTF-8 count one each.
size_t character_end(std::string_view text, size_t at);
size_t character_begin(std::string_view text, size_t before);  // of the one that ends at `before`

// UTF-8 text of at most text_max bytes. The cursor stands between characters.
class LineBuffer {
  public:
    static constexpr size_t text_max = 1'000'000;

    const std::string& text() const { return text_; }
    size_t cursor() const { return cursor_; }
    void set(std::string text);          // the cursor at its end
    bool insert(std::string_view text);  // false where it would be too long; nothing is changed

    // Each tells whether anything moved or changed. Lines are those between \n.
    bool left();
    bool right();
    bool up();
    bool down();
    bool line_start();
    bool line_end();
    bool word_left();
    bool word_right();
    bool erase_left();
    bool erase_right();
    bool transpose();  // swaps the characters on both sides
    // What is killed can be put back by yank().
    bool kill_word_left();
    bool kill_word_right();
    bool kill_to_line_start();
    bool kill_to_line_end();
    bool yank();

  private:
    bool move_to(size_t at);
    bool kill(size_t begin, size_t end);
    size_t start_of_line() const;
    size_t end_of_line() const;
    size_t word_begin() const;
    size_t word_end() const;

    std::string text_, killed_;
    size_t cursor_ = 0;
};

// The rows that a prompt and a text take on a terminal, and where the cursor stands in them.
struct LineLayout {
    std::vector<std::string> rows;
    size_t cursor_row = 0, cursor_column = 0;
};
// Later lines of the text are indented by `more` ("... ").
LineLayout lay_out(std::string_view prompt, std::string_view more, std::string_view text,
                   size_t cursor, size_t columns);

}  // namespace linnet
