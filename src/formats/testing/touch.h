// Looks at everything that a parsed file promises to be there: a promise that does not hold is a
// finding of the sanitizers.
#pragma once

#include "base/text.h"
#include "formats/checkpoint.h"

namespace linnet::testing {

// A number that depends on every item, so that no read can be optimised away.
inline uint64_t touch(const Value& value) {
    uint64_t sum = static_cast<uint64_t>(value.type());
    if (auto text = value.as_string()) {
        for (char c : *text) sum += static_cast<unsigned char>(c);
    } else if (auto array = value.as_array()) {
        for (Value item : *array) sum += touch(item);
    } else {
        sum += value.as_uint().value_or(0) + static_cast<uint64_t>(value.as_int().value_or(0)) +
               value.as_bool().value_or(false);
        if (auto number = value.as_double()) sum += *number > 0;
    }
    return sum;
}

inline uint64_t touch(const Metadata& metadata) {
    uint64_t sum = 0;
    for (const auto& [key, value] : metadata.entries()) {
        check(metadata.find(key) == &value, "a key finds its value");
        check(valid_utf8(key), "keys are text");
        sum += touch(value);
    }
    return sum;
}

// Shapes and sizes of every tensor, and the two ends of its data.
inline uint64_t touch(std::span<const Tensor> tensors) {
    uint64_t sum = 0;
    for (const Tensor& tensor : tensors) {
        check(valid_utf8(tensor.name), "names are text");
        check(tensor.shape.values() == tensor.values, "the values of the shape");
        check(tensor.dtype->bytes_of(tensor.values) == tensor.data.size(), "the bytes of the type");
        if (tensor.data.empty()) continue;
        sum += std::to_integer<uint64_t>(tensor.data.front());
        sum += std::to_integer<uint64_t>(tensor.data.back());
    }
    return sum;
}

inline uint64_t touch(const Checkpoint& model) {
    for (const Tensor& tensor : model.tensors())
        check(model.find(tensor.name) == &tensor, "a name finds its tensor");
    return touch(model.metadata()) + touch(model.tensors());
}

}  // namespace linnet::testing
