// What the program says, and where: results on stdout, everything else on stderr.
//
// A command writes its result for people by print() and table(), and the same as data by
// document(); which of the two comes out is decided here by --json, so commands need no `if`. Notes
// and progress go to stderr and are silenced by --quiet; errors are not. A reader that goes away
// (`| head`) and a full disk are noticed here: both set the Cancel, and finish() reports the
// second. Not thread-safe.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/cancel.h"
#include "base/json.h"
#include "base/result.h"
#include "linnet/environment.h"

namespace linnet {

enum class ColorMode { Auto, Always, Never };
Result<ColorMode> parse_color_mode(std::string_view name);

enum class Style { Plain, Bold, Dim, Red, Green, Yellow, Cyan };

struct Table {
    std::vector<std::string> header;  // empty: none is shown
    std::vector<std::vector<std::string>> rows;
    std::vector<bool> right;  // by column; columns beyond are left-aligned
};

// How many terminal columns a text takes: 2 for East Asian and emoji, 0 for combining marks.
size_t display_width(std::string_view text);

struct OutputOptions {
    bool json = false;
    bool quiet = false;
    ColorMode color = ColorMode::Auto;
};

class Output {
  public:
    Output(int stdout_fd, int stderr_fd, const Environment& environment, Cancel& cancel);
    ~Output();
    Output(const Output&) = delete;
    Output& operator=(const Output&) = delete;

    void configure(const OutputOptions& options) { options_ = options; }
    bool json() const { return options_.json; }
    bool quiet() const { return options_.quiet; }
    bool stdout_is_terminal() const { return stdout_.terminal; }
    bool stderr_is_terminal() const { return stderr_.terminal; }
    // Of the terminal behind stderr, asked anew each time, as windows are resized; 80 elsewhere.
    size_t columns() const;

    // The result for people. Nothing under --json. Text from strangers goes through printable()
    // first.
    void print(std::string_view text);
    void line(std::string_view text = {});
    void table(const Table& table);
    void flush();  // what streams flushes after each piece

    // The result as data: one object, written at the end. Nothing without --json. A later call
    // replaces an earlier one. REQUIRES: `result` is an object.
    void document(Json result);

    // For people beside the result; silenced by --quiet.
    void note(std::string_view text);
    void warn(std::string_view text);
    // "linnet: what" and "  try: next" on stderr; under --json also the member "error" of the
    // document.
    void error(const Error& error);

    // The line on which progress is drawn, on a terminal only. Cleared before anything else is
    // written; an empty text clears it.
    void transient(std::string_view text);

    // The text in a style where stdout (or stderr) shows colours, else as it is.
    std::string paint(Style style, std::string_view text) const;
    std::string paint_note(Style style, std::string_view text) const;

    // Writes what is held back. An error where not everything could be written.
    Result<> finish();
    bool write_failed() const { return stdout_.failure != 0; }
    bool reader_gone() const;  // stdout is a pipe whose reader ended

  private:
    struct Stream {
        int fd;
        bool terminal;
        int failure = 0;  // errno of the first failed write
        std::string held{};
    };
    void write(Stream& stream, std::string_view text);
    void drain(Stream& stream);
    std::string styled(const Stream& stream, Style style, std::string_view text) const;
    void to_stderr(std::string_view text);

    Stream stdout_, stderr_;
    bool no_color_;
    Cancel& cancel_;
    OutputOptions options_;
    Json document_;
    bool transient_shown_ = false;
};

}  // namespace linnet
