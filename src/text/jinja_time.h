// strftime in the C locale, of a time that is passed in.
#pragma once

#include "text/jinja_runtime.h"

namespace linnet::jinja {

Result<std::string> format_time(std::string_view format, Now now);

}  // namespace linnet::jinja
