// Python's two ways to fill values into a text.
#pragma once

#include "text/jinja_runtime.h"

namespace linnet::jinja {

// "%s of %d" % values: values is a tuple, a dict for %(name)s, or one value.
Result<Value> format_percent(Runtime& runtime, std::string_view format, const Value& values);
// "{} of {name!r:>8}".format(…).
Result<Value> format_braces(Runtime& runtime, std::string_view format, const Call& call);

std::string escape_html(std::string_view text);

}  // namespace linnet::jinja
