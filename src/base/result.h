// Result<T>: a value, or the reason there is none. What users, files and networks cause is a
// Result; what only a bug can cause is check(). Nothing in linnet throws.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <source_location>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace linnet {

// Why something could not be done. One row each in code.cc gives its name, exit code and HTTP
// status.
enum class Code {
    Bug,          // ours; please report
    Usage,        // the request itself is off: an unknown flag, a bad value
    NotFound,     // no such model, file, command
    Network,      // unreachable, refused, broken off
    Integrity,    // bytes are not what they claim to be
    NoFit,        // memory, disk or context is too small
    Timeout,      // a deadline passed
    Policy,       // not allowed
    Busy,         // somebody else is at it, or the queue is full
    BadInput,     // a file that is broken
    Unsupported,  // a file or feature that this build does not handle
    Io,           // reading or writing failed on this machine
    Gate,         // a check that the user asked for failed
    Interrupted,  // Ctrl-C, or the caller cancelled
};

struct [[nodiscard]] Error {
    Code code;
    std::string what;    // what happened and why, one sentence without a final period
    std::string next{};  // what to do about it; may be empty

    // Says where, in front: "model.gguf: tensor 'x' ends beyond the file".
    Error within(std::string_view where) && {
        what = std::string(where) + ": " + what;
        return std::move(*this);
    }
    Error advise(std::string_view advice) && {
        next = advice;
        return std::move(*this);
    }
};

struct Done {};

template <class T = Done>
class [[nodiscard]] Result {
  public:
    Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
    Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

    explicit operator bool() const { return state_.index() == 0; }

    // REQUIRES: *this holds a value.
    T& operator*() & { return *std::get_if<0>(&state_); }
    const T& operator*() const& { return *std::get_if<0>(&state_); }
    T&& operator*() && { return std::move(*std::get_if<0>(&state_)); }
    T* operator->() { return std::get_if<0>(&state_); }
    const T* operator->() const { return std::get_if<0>(&state_); }

    // REQUIRES: *this holds an error.
    Error& error() & { return *std::get_if<1>(&state_); }
    const Error& error() const& { return *std::get_if<1>(&state_); }
    Error&& error() && { return std::move(*std::get_if<1>(&state_)); }

    T value_or(T other) && { return *this ? std::move(**this) : std::move(other); }

  private:
    std::variant<T, Error> state_;
};

[[noreturn]] inline void fail(const char* what,
                              std::source_location at = std::source_location::current()) {
    std::fprintf(stderr, "%s:%u: bug: %s\n", at.file_name(), static_cast<unsigned>(at.line()),
                 what);
    std::abort();
}

// A condition that only a bug can break. Stays on in release builds.
inline void check(bool ok, const char* what,
                  std::source_location at = std::source_location::current()) {
    if (!ok) [[unlikely]]
        fail(what, at);
}

}  // namespace linnet

// Unwraps a Result, or returns its error from the current function.
#define TRY(...)                                     \
    __extension__({                                  \
        auto result_of_try = (__VA_ARGS__);          \
        if (!result_of_try) [[unlikely]]             \
            return std::move(result_of_try).error(); \
        *std::move(result_of_try);                   \
    })
