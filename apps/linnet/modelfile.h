// Ollama's Modelfile, read as a preset.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "linnet/preset.h"

namespace linnet {

struct Modelfile {
    Preset preset;                      // without a name; the model as FROM has it
    std::vector<std::string> warnings;  // what has no meaning here, one sentence each
};

// BadInput says which line is wrong. Unsupported for a template in Go's language that is not
// recognizably one that linnet has by name.
Result<Modelfile> parse_modelfile(std::string_view text);

}  // namespace linnet
