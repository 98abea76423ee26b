// Shows an answer as it comes: reasoning apart from the answer, and nothing in it that could steer
// the terminal.
#pragma once

#include <string>
#include <string_view>

#include "engine/generator.h"
#include "linnet/generation.h"
#include "linnet/output.h"

namespace linnet {

class AnswerPrinter {
  public:
    AnswerPrinter(Output& output, Thinking thinking) : output_(output), thinking_(thinking) {}

    void show(const GenerationEvent& event);
    // All that came, as the model wrote it but for white space in front.
    const std::string& text() const { return text_; }
    const std::string& reasoning() const { return reasoning_; }
    void end_line();

  private:
    void show(const OutputEvent& part);
    std::string safe(std::string_view text) const;

    Output& output_;
    Thinking thinking_;
    std::string text_, reasoning_;
    bool line_is_open_ = false;
};

}  // namespace linnet
