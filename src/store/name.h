// Names that become file names, and therefore must not be able to leave their folder.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace linnet {

inline constexpr size_t model_name_bytes_max = 100;

// A model or alias: lower-case letters, digits, and . _ - inside: "smollm2-135m".
bool is_model_name(std::string_view text);
// The text in lower case if that is a name, else a Usage error.
Result<std::string> parse_model_name(std::string_view text);
// The nearest name to any text, such as the name of a file: "Qwen3 0.6B (Q8)" is "qwen3-0.6b-q8".
// Empty where nothing of it can stay.
std::string make_model_name(std::string_view text);

// A file within a model: relative, with '/', no hidden or empty parts, no "..", at most 4 deep.
bool is_model_file(std::string_view path);

}  // namespace linnet
