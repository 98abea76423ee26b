// Asks a person for a line: editing keys, history, completion, several lines, paste; and reads
// plain lines where the input is no terminal.
//
// Several lines: a \ at the end of a line goes on with the next; """ at the start goes on until a
// line that ends with """; Alt-Enter breaks the line; a paste keeps its line breaks.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/threads.h"
#include "linnet/history.h"
#include "linnet/keys.h"
#include "linnet/line_buffer.h"

namespace linnet {

// The texts that could stand in place of what is before the cursor.
using Completer = FunctionRef<std::vector<std::string>(std::string_view before)>;

class LineEditor {
  public:
    // Draws on `output_fd`, which is the terminal that `input_fd` reads from. `plain` (as for
    // TERM=dumb) leaves editing to the terminal.
    LineEditor(int input_fd, int output_fd, bool plain, Cancel& cancel);

    // Nothing at the end of the input, or by Ctrl-D on an empty line. Ctrl-C drops the line; a
    // second one at once is Code::Interrupted. What is entered is added to the history.
    Result<std::optional<std::string>> read_line(std::string_view prompt, History& history,
                                                 Completer completer);
    Result<std::optional<std::string>> read_line(std::string_view prompt, History& history);

    bool is_interactive() const { return interactive_; }

  private:
    enum class Outcome { Going, Entered, Dropped, Over };

    Result<std::optional<std::string>> edit(std::string_view prompt, std::string_view more,
                                            const History& history, Completer completer);
    Result<Outcome> press(const KeyPress& pressed, const History& history, Completer completer);
    bool edit_key(Key key);
    void show_history(const History& history, ptrdiff_t step);
    Result<> search(const History& history);
    void complete(Completer completer);
    void draw(std::string_view prompt, std::string_view more);
    void draw() { draw(prompt_, more_); }
    void leave_text();  // moves below what is drawn
    void write(std::string_view text) const;
    void bell() const { write("\a"); }

    int input_fd_, output_fd_;
    bool interactive_;
    KeyReader keys_;
    LineBuffer buffer_;
    std::string prompt_, more_;
    size_t drawn_cursor_row_ = 0;
    size_t drawn_rows_ = 1;
    size_t history_at_ = 0;   // entries().size() is the line that is being written
    std::string unfinished_;  // that line, while an older one is shown
    bool listed_ = false;     // Tab was pressed before, to no avail
};

}  // namespace linnet
