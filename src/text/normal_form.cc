#include "text/normal_form.h"

#include <utf8proc.h>

#include <algorithm>
#include <vector>

#include "text/unicode.h"
#include "text/unicode_tables.h"

namespace linnet {
namespace {

using Codes = std::vector<utf8proc_int32_t>;

int combining_class(utf8proc_int32_t code) {
    return static_cast<int>(utf8proc_get_property(code)->combining_class);
}

void append_decomposed(Codes& codes, uint32_t code, bool compatibility) {
    constexpr utf8proc_ssize_t room = 32;  // U+FDFA, the longest, has 18
    utf8proc_int32_t parts[room];
    int boundary = 0;
    auto options =
        static_cast<utf8proc_option_t>(UTF8PROC_DECOMPOSE | (compatibility ? UTF8PROC_COMPAT : 0));
    utf8proc_ssize_t count = utf8proc_decompose_char(static_cast<utf8proc_int32_t>(code), parts,
                                                     room, options, &boundary);
    if (count < 0 || count > room) {
        codes.push_back(static_cast<utf8proc_int32_t>(code));
        return;
    }
    codes.insert(codes.end(), parts, parts + count);
}

// The canonical order of marks. utf8proc's own sort is quadratic in a run's length.
void order_marks(Codes& codes) {
    for (size_t at = 0; at < codes.size();) {
        if (combining_class(codes[at]) == 0) {
            at++;
            continue;
        }
        size_t end = at + 1;
        while (end < codes.size() && combining_class(codes[end]) != 0) end++;
        std::stable_sort(codes.begin() + static_cast<std::ptrdiff_t>(at),
                         codes.begin() + static_cast<std::ptrdiff_t>(end),
                         [](auto a, auto b) { return combining_class(a) < combining_class(b); });
        at = end;
    }
}

void append_valid(std::string& out, std::string_view text, NormalForm form) {
    Codes codes;
    codes.reserve(text.size());
    for (size_t at = 0; at < text.size();) {
        Decoded c = decode_utf8(text, at);
        append_decomposed(codes, c.code, form.compatibility);
        at += c.length;
    }
    order_marks(codes);
    if (form.compose) {
        auto options = static_cast<utf8proc_option_t>(UTF8PROC_COMPOSE | UTF8PROC_STABLE);
        utf8proc_ssize_t count = utf8proc_normalize_utf32(
            codes.data(), static_cast<utf8proc_ssize_t>(codes.size()), options);
        if (count >= 0) codes.resize(static_cast<size_t>(count));
    }
    for (utf8proc_int32_t code : codes) append_utf8(out, static_cast<uint32_t>(code));
}

bool is_newer(uint32_t code) {
    return category_of_newer(code) != UTF8PROC_CATEGORY_CN || is_in(newer_than_forms_of_hf(), code);
}

}  // namespace

std::string normalized(std::string_view text, NormalForm form) {
    bool plain = std::all_of(text.begin(), text.end(), [](char c) { return (c & 0x80) == 0; });
    if (plain) return std::string(text);
    std::string out;
    out.reserve(text.size());
    size_t valid = 0;  // where the run of valid text that the forms know began
    for (size_t at = 0; at < text.size();) {
        Decoded c = decode_utf8(text, at);
        if (c.code == broken_byte || is_newer(c.code)) {
            append_valid(out, text.substr(valid, at - valid), form);
            out += text.substr(at, c.length);
            valid = at + c.length;
        }
        at += c.length;
    }
    append_valid(out, text.substr(valid), form);
    return out;
}

void append_lower(std::string& out, uint32_t code) {
    if (code == 0x130) {  // the one code point whose lower case is two
        out += "i\xCC\x87";
        return;
    }
    for (NewerLower newer : newer_lower_cases())
        if (code >= newer.first && code <= newer.last)
            return append_utf8(out, code - newer.first + newer.lower_of_first);
    append_utf8(out, static_cast<uint32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(code))));
}

}  // namespace linnet
