// What stands between the C of linnet.h and the C++ behind it: errors, exceptions of the standard
// library, and structs of callers who were compiled earlier or later.
#pragma once

#include <algorithm>
#include <cstring>
#include <new>
#include <optional>
#include <string>
#include <string_view>

#include "base/text.h"
#include "formats/checkpoint.h"
#include "linnet/linnet.h"
#include "model/kv_cache.h"
#include "model/matrix.h"

namespace linnet::boundary {

int report(const Error& error, linnet_error** to);
// Where there is no memory left to say anything.
int report_no_memory(linnet_error** to) noexcept;

// Runs `body`, a function to Result<>. Nothing that is thrown within leaves.
template <class Body>
int guarded(linnet_error** error, Body body) noexcept {
    if (error) *error = nullptr;
    try {
        Result<> done = body();
        return done ? LINNET_OK : report(done.error(), error);
    } catch (...) {
        return report_no_memory(error);
    }
}

Result<> check_size(size_t size);

// A struct of the caller, who may know fewer of its members. One who knows more must not use them.
template <class T>
Result<T> known(const T* given) {
    TRY(check_size(given->size));
    auto* bytes = reinterpret_cast<const char*>(given);
    for (size_t i = sizeof(T); i < given->size; i++)
        if (bytes[i] != 0)
            return Error{Code::Unsupported, "a struct asks for what this library does not know",
                         "use a newer version of the library"};
    T out{};
    std::memcpy(&out, given, std::min(given->size, sizeof(T)));
    return out;
}

// As much of `told` as the caller's struct holds, whose size stays.
template <class T>
void tell(const T& told, T& to) {
    constexpr size_t start = sizeof(size_t);
    std::memcpy(reinterpret_cast<char*>(&to) + start, reinterpret_cast<const char*>(&told) + start,
                std::min(to.size, sizeof(T)) - start);
}

Result<std::string> text_of(const char* text, std::string_view name);

struct Opened {
    Checkpoint checkpoint;
    linnet_model_options options;  // with a number of threads
    const Kernels& kernels;
    Math math;
    std::optional<KvType> kv;
    std::optional<uint64_t> memory_max;
};
Result<Opened> open_files(const char* path, const linnet_model_options* options);

}  // namespace linnet::boundary
