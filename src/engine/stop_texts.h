// Finds the first of several texts in a stream that comes in pieces, holding back what may still
// become one.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace linnet {

class StopTexts {
  public:
    explicit StopTexts(std::vector<std::string> texts);

    // The part of the stream that is now certain to stand before any stop text.
    std::string feed(std::string_view piece);
    // What was held back, where the stream ended without one.
    std::string finish();
    bool found() const { return found_; }

  private:
    std::vector<std::string> texts_;  // none empty
    std::string held_;
    bool found_ = false;
};

}  // namespace linnet
