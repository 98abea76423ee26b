// Text by code points, as Python's str sees it. All text in here is valid UTF-8.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace linnet::jinja {

size_t count_points(std::string_view utf8);
// The byte at which the point with this index starts; the end for an index beyond it.
size_t offset_of_point(std::string_view utf8, size_t index);
// Decodes the point at `at` and moves past it. REQUIRES: at < utf8.size().
char32_t next_point(std::string_view utf8, size_t& at);
// Decodes the point that ends at `at` and moves before it. REQUIRES: at > 0.
char32_t previous_point(std::string_view utf8, size_t& at);
void append_point(std::string& out, char32_t point);
// Invalid bytes become U+FFFD.
std::string repaired_utf8(std::string_view bytes);

// Categories, as Python's str methods of these names use them.
bool is_space(char32_t point);
bool is_line_break(char32_t point);  // \r\n counts as one elsewhere
bool is_alpha(char32_t point);
bool is_decimal(char32_t point);
bool is_digit(char32_t point);
bool is_numeric(char32_t point);
bool is_printable(char32_t point);
bool is_upper(char32_t point);
bool is_lower(char32_t point);
bool is_title(char32_t point);
bool is_cased(char32_t point);
// Cased letters are there, and none of them in the other case.
bool is_all_case(std::string_view utf8, bool upper);
bool is_identifier_start(char32_t point);
bool is_identifier_part(char32_t point);

std::string to_upper(std::string_view utf8);
std::string to_lower(std::string_view utf8);
std::string to_title_point(char32_t point);  // of the first letter of a word
std::string capitalized(std::string_view utf8);
std::string titled(std::string_view utf8);
std::string swapped_case(std::string_view utf8);

std::string_view strip_left(std::string_view text);
std::string_view strip_right(std::string_view text);
std::string_view strip(std::string_view text);
// Takes the points of `points` off.
std::string_view strip_left(std::string_view text, std::string_view points);
std::string_view strip_right(std::string_view text, std::string_view points);

// Where `wanted` begins at or after `from`, or npos. Linear whatever the texts, unlike
// std::string_view::find.
size_t find_text(std::string_view text, std::string_view wanted, size_t from = 0);
size_t find_text_last(std::string_view text, std::string_view wanted);

// Lines without their ends; with them where `keep` is set.
std::vector<std::string_view> split_lines(std::string_view text, bool keep);

}  // namespace linnet::jinja
