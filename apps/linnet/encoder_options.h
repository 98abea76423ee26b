// What commands share that run whole texts through a model: their options, and their texts.
#pragma once

#include <string>
#include <vector>

#include "engine/text_encoder.h"
#include "linnet/arithmetic.h"
#include "linnet/command.h"

namespace linnet {

class EncoderModelOptions {
  public:
    void declare(Syntax& syntax);
    Math math() const { return arithmetic_.math(); }
    TextEncoderOptions options(Context& context) const;

  private:
    Arithmetic arithmetic_;
};

// The arguments, or the lines of standard input where there are none; empty lines count. Usage
// where there is neither.
Result<std::vector<std::string>> texts_or_lines(Context& context,
                                                std::vector<std::string> arguments);

}  // namespace linnet
