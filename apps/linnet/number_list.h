// Numbers as a user lists them: "0-5,8".
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace linnet {

// Ascending, each once. Usage where the text is no list of numbers below 65536; `flag` is for the
// message.
Result<std::vector<uint32_t>> parse_number_list(std::string_view text, std::string_view flag);

}  // namespace linnet
