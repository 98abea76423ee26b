// Small things with text: joining pieces, units for people, and their way back.
#pragma once

#include <charconv>
#include <concepts>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace linnet {

// Appends text, a character, a number in its shortest form, true or false, or a path made safe for
// a terminal.
template <class T>
void append_piece(std::string& out, const T& piece);

// cat("tensor '", name, "' has ", n, " values"): the pieces in one string.
template <class... Pieces>
std::string cat(const Pieces&... pieces) {
    std::string out;
    (append_piece(out, pieces), ...);
    return out;
}

std::string fixed(double value, int decimals);  // "3.14"

std::vector<std::string_view> split(std::string_view text, char separator);
std::string join(std::span<const std::string> parts, std::string_view separator);
std::string_view trim(std::string_view text);  // ASCII white space off both ends
std::string lower(std::string_view text);      // ASCII only
std::string replace_all(std::string text, std::string_view from, std::string_view to);

// "98.4 MB", "1.2 GB": powers of 1000, as disks and download sizes are sold. Below 1000: "512 B".
std::string bytes_text(uint64_t bytes);
std::string duration_text(double seconds);  // "0.4 s", "1m 05s", "2h 03m"

// "10", "10k", "10MB", "1.5GiB", each with or without "/s". Powers of 1000, or of 1024 with an i.
Result<uint64_t> parse_bytes(std::string_view text);
// "500ms", "10s", "5m", "2h", or plain seconds. In seconds.
Result<double> parse_duration(std::string_view text);
template <std::integral T>
std::optional<T> parse_integer(std::string_view text) {
    T value{};
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}
std::optional<double> parse_number(std::string_view text);

// The candidate that `word` was probably meant to be: it begins with `word`, or differs in the
// fewest edits, at most one more than a third of the length of `word`. Nothing for a word of over
// 100 bytes.
std::optional<std::string> closest(std::string_view word, std::span<const std::string> candidates);

bool valid_utf8(std::string_view text);
// Text for a terminal or a log: control characters, marks that reverse the direction of text and
// broken UTF-8 become \xNN. File names, metadata and server answers come from strangers and could
// otherwise steer the terminal. Cut with "…" at `bytes_max`.
std::string printable(std::string_view text, size_t bytes_max = 4096);

template <class T>
void append_piece(std::string& out, const T& piece) {
    if constexpr (std::same_as<T, std::filesystem::path>) {
        out += printable(piece.string());
    } else if constexpr (std::convertible_to<const T&, std::string_view>) {
        out += std::string_view(piece);
    } else if constexpr (std::same_as<T, char>) {
        out += piece;
    } else if constexpr (std::same_as<T, bool>) {
        out += piece ? "true" : "false";
    } else {
        char digits[64];
        out.append(digits, std::to_chars(digits, digits + sizeof digits, piece).ptr);
    }
}

}  // namespace linnet
