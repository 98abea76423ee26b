// What Unicode says of code points, as sets of ranges, made from utf8proc's tables.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace linnet {

// Stands for a byte that is part of no valid UTF-8 sequence. Sets may hold it like any code point;
// complements do.
inline constexpr uint32_t broken_byte = 0x110000;

struct Decoded {
    uint32_t code;    // broken_byte where the text is not UTF-8
    uint32_t length;  // in bytes, 1 to 4
};
// The code point at text[at]. REQUIRES: at < text.size().
Decoded decode_utf8(std::string_view text, size_t at);
void append_utf8(std::string& out, uint32_t code);
// How many bytes a sequence has that starts with this byte; 1 where none does.
inline size_t utf8_length(char lead) {
    auto byte = static_cast<unsigned char>(lead);
    return byte < 0xC2 || byte > 0xF4 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
}

struct CodeRange {
    uint32_t first, last;  // both included
    bool operator==(const CodeRange&) const = default;
};

// A set of code points: sorted ranges that neither overlap nor touch.
class CodeSet {
  public:
    CodeSet() = default;
    CodeSet(std::vector<CodeRange> ranges);  // in any order, overlapping or not
    static CodeSet of(uint32_t code) { return CodeSet({{code, code}}); }

    std::span<const CodeRange> ranges() const { return ranges_; }
    bool empty() const { return ranges_.empty(); }
    bool contains(uint32_t code) const;

    CodeSet operator|(const CodeSet& other) const;
    CodeSet operator&(const CodeSet& other) const;
    CodeSet operator~() const;  // of 0 to broken_byte
    bool operator==(const CodeSet&) const = default;

  private:
    std::vector<CodeRange> ranges_;
};

// General categories and the few scripts and properties that pre-tokenizers name. Making one reads
// utf8proc's tables once, about a millisecond; const, so threads may share it.
class Unicode {
  public:
    Unicode();

    // The set behind \p{name}: a category ("L", "Lu", "Punctuation"), a script ("Han"),
    // "Alphabetic", "White_Space", "Any", or "UTS18_Word", which is what Rust's regex has for \w;
    // "HF_Punctuation" and "HF_Newer_Number" are what Hugging Face's steps know.
    std::optional<CodeSet> property(std::string_view name) const;
    CodeSet space() const;  // White_Space, which is \s
    CodeSet word() const;   // what Oniguruma has for \w
    CodeSet digit() const { return *property("Nd"); }
    // With the other cases of every member, as (?i) wants it.
    CodeSet any_case(const CodeSet& set) const;

  private:
    CodeSet categories(uint32_t mask) const;
    struct Run {
        uint32_t first;
        uint8_t category;  // utf8proc's number
    };
    std::vector<Run> runs_;  // each reaches to the next
};

bool is_space(uint32_t code);              // White_Space
uint8_t category_of(uint32_t code);        // utf8proc_category_t
uint8_t category_of_newer(uint32_t code);  // of what came with Unicode 15 and 16; else Cn
bool is_in(std::span<const CodeRange> sorted, uint32_t code);

}  // namespace linnet
