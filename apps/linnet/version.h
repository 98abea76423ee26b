// Which linnet this is.
#pragma once

#include <string>

#include "base/json.h"

namespace linnet {

std::string version_line();  // "linnet 0.1.0"
// Version, commit, compiler and the libraries that it was built with.
Json version_document();

}  // namespace linnet
