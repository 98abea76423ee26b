// A template's source cut into tokens, white space between blocks taken off as transformers has
// it: a block's own line leaves none (trim_blocks, lstrip_blocks), and "-" takes all of a side.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace linnet::jinja {

struct Token {
    enum class Type {
        Data,
        VariableBegin,
        VariableEnd,
        BlockBegin,
        BlockEnd,
        Name,
        String,
        Integer,
        Float,
        Operator,
        End
    };
    Type type;
    uint32_t offset;     // in the source, in bytes
    std::string text{};  // of data, names, strings and operators
    int64_t integer = 0;
    double number = 0;
};

// With one kind of line end, and without the one that ends it.
std::string normalized_source(std::string_view source);
// REQUIRES: source is normalized and valid UTF-8.
Result<std::vector<Token>> tokenize(const std::string& source);

// "line 3, column 14", both from 1, columns in characters.
std::string place_text(std::string_view source, uint32_t offset);
Error error_at(std::string_view source, uint32_t offset, std::string what,
               Code code = Code::BadInput);

}  // namespace linnet::jinja
