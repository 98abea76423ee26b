// Rewrites text before it is cut up, step by step, as a tokenizer's file says.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "text/charsmap.h"
#include "text/pattern.h"
#include "text/tokenizer_data.h"

namespace linnet {

class Normalizer {
  public:
    static Result<Normalizer> make(const std::vector<NormalizeStep>& steps, const Unicode& unicode);
    bool empty() const { return steps_.empty(); }
    std::string run(std::string_view text) const;
    // Whether it takes white space off the front of this text.
    bool strips_front(std::string_view text) const;

  private:
    struct Step {
        NormalizeStep step;
        std::optional<Pattern> pattern;
        std::optional<Charsmap> map;
    };
    static std::string run_step(const Step& step, std::string text);
    std::vector<Step> steps_;
};

}  // namespace linnet
