// From the name that a user types to a model's files.
#pragma once

#include <string_view>

#include "formats/checkpoint.h"
#include "linnet/command.h"

namespace linnet {

// A path, or a name of the store; a name of the catalog that is not there yet is pulled. NotFound
// says what to do.
Result<Path> find_model(Context& context, std::string_view name);

// The same, opened.
Result<Checkpoint> open_model(Context& context, std::string_view name);

}  // namespace linnet
