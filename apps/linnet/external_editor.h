// A text, changed in the editor of the user's choice.
#pragma once

#include <string>
#include <string_view>

#include "linnet/command.h"

namespace linnet {

// Waits until the editor ends. Usage where there is no terminal for it; Io where it fails, and then
// nothing has changed.
Result<std::string> edit_text(Context& context, std::string_view text);

}  // namespace linnet
