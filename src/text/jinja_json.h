// Between JSON and a template's values.
#pragma once

#include "base/json.h"
#include "text/jinja_runtime.h"

namespace linnet::jinja {

// Text that is not UTF-8 is repaired; numbers beyond int64 become floats.
Result<Value> value_of(Runtime& runtime, const Json& json);

struct JsonStyle {
    bool ascii = false;
    std::optional<std::string> indent;  // of one level; absent: one line
    std::string item_separator = ", ";
    std::string key_separator = ": ";
    bool sort_keys = false;
};
Result<Done> write_json(Runtime& runtime, TextBuilder& out, const Value& value,
                        const JsonStyle& style, int level = 0);

}  // namespace linnet::jinja
