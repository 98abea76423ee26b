#include "linnet/terminal_progress.h"

#include <algorithm>

#include "base/text.h"

namespace linnet {

constexpr double redraw_s = 0.1;
// Elsewhere than on a terminal: soon once, then rarer, so that a log of hours stays short.
constexpr double first_line_s = 2, line_max_s = 60;

void TerminalProgress::begin(std::string_view step, uint64_t total, uint64_t start) {
    if (running_) end();
    step_ = printable(step, 200);
    total_ = total;
    start_ = done_ = start;
    running_ = true;
    meter_.begin(start, total);
    drawn_s_ = clock_.now_s();
    interval_s_ = output_.stderr_is_terminal() ? redraw_s : first_line_s;
    if (output_.quiet()) return;
    if (output_.stderr_is_terminal())
        draw();
    else
        output_.note(start > 0 ? cat(step_, ": goes on at ", figures()[0]) : step_);
}

void TerminalProgress::at(uint64_t done) {
    if (!running_) return;
    done_ = std::max(done, done_);
    meter_.at(done_);
    if (output_.quiet() || clock_.now_s() - drawn_s_ < interval_s_) return;
    drawn_s_ = clock_.now_s();
    if (output_.stderr_is_terminal()) {
        draw();
    } else {
        output_.note(cat(step_, ": ", join(figures(), "  ")));
        interval_s_ = std::min(interval_s_ * 2, line_max_s);
    }
}

void TerminalProgress::end() {
    if (!running_) return;
    running_ = false;
    if (output_.quiet()) return;
    output_.transient({});
    double seconds = meter_.elapsed_s();
    std::string text = cat(step_, ": ", amount(done_));
    if (!items_.empty()) text += cat(' ', items_);
    text += cat(" in ", duration_text(seconds));
    if (seconds > 0 && done_ > start_)
        text += cat(", ", rate(static_cast<double>(done_ - start_) / seconds));
    output_.note(text);
}

void TerminalProgress::note(std::string_view line) {
    output_.note(printable(line));
    if (running_ && !output_.quiet() && output_.stderr_is_terminal()) draw();
}

std::string TerminalProgress::amount(uint64_t count) const {
    return items_.empty() ? bytes_text(count) : cat(count);
}

std::string TerminalProgress::rate(double per_second) const {
    if (items_.empty()) return cat(bytes_text(static_cast<uint64_t>(per_second)), "/s");
    return per_second < 0.95 ? cat(fixed(per_second * 60, 1), "/min")
                             : cat(fixed(per_second, per_second < 100 ? 1 : 0), "/s");
}

std::vector<std::string> TerminalProgress::figures() const {
    std::string text = amount(done_);
    if (total_ > 0) text += cat(" of ", amount(total_));
    if (!items_.empty()) text += cat(' ', items_);
    std::vector<std::string> parts = {std::move(text)};
    if (double speed = meter_.per_second(); speed > 0) parts.push_back(rate(speed));
    if (auto left = meter_.seconds_left()) parts.push_back(cat(duration_text(*left), " left"));
    return parts;
}

std::string TerminalProgress::bar(size_t width) const {
    double share = std::min(1.0, static_cast<double>(done_) / static_cast<double>(total_));
    auto filled = static_cast<size_t>(share * static_cast<double>(width));
    std::string full, empty;
    for (size_t i = 0; i < width; i++) (i < filled ? full : empty) += "━";
    // Without colours, the part to come must look different by itself.
    bool colored = output_.paint_note(Style::Dim, "x") != "x";
    if (!colored) empty = std::string(width - filled, '.');
    return cat(output_.paint_note(Style::Cyan, full), output_.paint_note(Style::Dim, empty));
}

// "step  ━━━━━━━────  12.3 MB of 98.4 MB  3.1 MB/s  28 s left", never wider than the window: a line
// that wraps could not be cleared. What does not fit goes: the bar, then figures from the right,
// then the name of the step.
void TerminalProgress::draw() {
    constexpr size_t bar_max = 30, bar_min = 8, gap = 2;
    size_t columns = output_.columns() - 1;
    std::vector<std::string> parts = figures();
    auto width = [&] { return display_width(step_) + gap + display_width(join(parts, "  ")); };
    while (width() > columns && parts.size() > 1) parts.pop_back();
    std::string right = join(parts, "  ");
    if (width() > columns) return output_.transient(display_width(right) <= columns ? right : "");
    size_t left_over = columns - width();
    if (total_ > 0 && left_over >= bar_min + gap)
        right = cat(bar(std::min(bar_max, left_over - gap)), "  ", right);
    output_.transient(cat(step_, "  ", right));
}

}  // namespace linnet
