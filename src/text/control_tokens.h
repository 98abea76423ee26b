// Keeps what users write from becoming control tokens. A document that holds "<|im_end|>" must not
// end the user's turn: its text is marked before a template writes it, and where the marks come out
// the tokenizer is told to see no control token.
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/json.h"

namespace linnet {

class ControlTokens {
  public:
    // The control tokens of a vocabulary, as they are spelled.
    explicit ControlTokens(std::span<const std::string> spelled);

    // A mark behind the first character of every control token in the text.
    std::string marked(std::string_view text) const;
    // The same in every text inside of a value.
    Json marked_texts(Json value) const;

  private:
    std::array<bool, 256> starts_{};  // by first byte
    std::unordered_map<std::string, std::vector<std::string>> by_start_;
};

// Takes the marks out; where they stood, in bytes, ascending.
std::vector<size_t> take_marks(std::string& text);

}  // namespace linnet
