#include "text/unicode.h"

#include <utf8proc.h>

#include <algorithm>

#include "text/unicode_tables.h"

namespace linnet {

Decoded decode_utf8(std::string_view text, size_t at) {
    auto byte = [&](size_t i) { return static_cast<unsigned char>(text[at + i]); };
    uint32_t lead = byte(0);
    if (lead < 0x80) return {lead, 1};
    size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    if (lead < 0xC2 || lead > 0xF4 || text.size() - at < length) return {broken_byte, 1};
    uint32_t code = lead & (0x7Fu >> length);
    for (size_t i = 1; i < length; i++) {
        if ((byte(i) & 0xC0) != 0x80) return {broken_byte, 1};
        code = code << 6 | (byte(i) & 0x3Fu);
    }
    bool overlong = (length == 3 && code < 0x800) || (length == 4 && code < 0x10000);
    if (overlong || (code >= 0xD800 && code <= 0xDFFF) || code > 0x10FFFF) return {broken_byte, 1};
    return {code, static_cast<uint32_t>(length)};
}

void append_utf8(std::string& out, uint32_t code) {
    auto put = [&](uint32_t byte) { out += static_cast<char>(byte); };
    if (code < 0x80) {
        put(code);
    } else if (code < 0x800) {
        put(0xC0 | code >> 6);
        put(0x80 | (code & 0x3F));
    } else if (code < 0x10000) {
        put(0xE0 | code >> 12);
        put(0x80 | (code >> 6 & 0x3F));
        put(0x80 | (code & 0x3F));
    } else {
        put(0xF0 | code >> 18);
        put(0x80 | (code >> 12 & 0x3F));
        put(0x80 | (code >> 6 & 0x3F));
        put(0x80 | (code & 0x3F));
    }
}

CodeSet::CodeSet(std::vector<CodeRange> ranges) : ranges_(std::move(ranges)) {
    std::erase_if(ranges_, [](CodeRange range) { return range.last < range.first; });
    std::sort(ranges_.begin(), ranges_.end(),
              [](CodeRange a, CodeRange b) { return a.first < b.first; });
    size_t kept = 0;
    for (CodeRange range : ranges_) {
        if (kept > 0 && range.first <= ranges_[kept - 1].last + 1)
            ranges_[kept - 1].last = std::max(ranges_[kept - 1].last, range.last);
        else
            ranges_[kept++] = range;
    }
    ranges_.resize(kept);
}

bool is_in(std::span<const CodeRange> sorted, uint32_t code) {
    auto after = std::upper_bound(sorted.begin(), sorted.end(), code,
                                  [](uint32_t value, CodeRange r) { return value < r.first; });
    return after != sorted.begin() && code <= std::prev(after)->last;
}

bool CodeSet::contains(uint32_t code) const {
    return is_in(ranges_, code);
}

CodeSet CodeSet::operator|(const CodeSet& other) const {
    std::vector<CodeRange> all(ranges_);
    all.insert(all.end(), other.ranges_.begin(), other.ranges_.end());
    return CodeSet(std::move(all));
}

CodeSet CodeSet::operator&(const CodeSet& other) const {
    return ~(~*this | ~other);
}

CodeSet CodeSet::operator~() const {
    std::vector<CodeRange> gaps;
    uint32_t next = 0;
    for (CodeRange range : ranges_) {
        if (range.first > next) gaps.push_back({next, range.first - 1});
        next = range.last + 1;
    }
    if (next <= broken_byte) gaps.push_back({next, broken_byte});
    return CodeSet(std::move(gaps));
}

uint8_t category_of_newer(uint32_t code) {
    auto newer = newer_ranges();
    if (code < newer.front().first) return UTF8PROC_CATEGORY_CN;
    auto after =
        std::upper_bound(newer.begin(), newer.end(), code,
                         [](uint32_t value, const NewerRange& r) { return value < r.first; });
    if (after == newer.begin() || code > std::prev(after)->last) return UTF8PROC_CATEGORY_CN;
    return std::prev(after)->category;
}

uint8_t category_of(uint32_t code) {
    if (code > 0x10FFFF) return UTF8PROC_CATEGORY_CN;
    auto category = static_cast<uint8_t>(utf8proc_category(static_cast<utf8proc_int32_t>(code)));
    return category == UTF8PROC_CATEGORY_CN ? category_of_newer(code) : category;
}

// Planes 4 to 13 are unassigned, and 15 and 16 private: nothing between these borders changes but
// the last two of a plane, which are no characters.
static constexpr CodeRange looked_at[] = {{0, 0x3FFFF}, {0xE0000, 0xE0FFF}};

Unicode::Unicode() {
    auto add = [&](uint32_t code, uint8_t category) {
        if (runs_.empty() || runs_.back().category != category) runs_.push_back({code, category});
    };
    for (CodeRange range : looked_at) {
        for (uint32_t code = range.first; code <= range.last; code++) add(code, category_of(code));
        add(range.last + 1, UTF8PROC_CATEGORY_CN);
    }
    add(0xF0000, UTF8PROC_CATEGORY_CO);
    add(0xFFFFE, UTF8PROC_CATEGORY_CN);
    add(0x100000, UTF8PROC_CATEGORY_CO);
    add(0x10FFFE, UTF8PROC_CATEGORY_CN);
}

CodeSet Unicode::categories(uint32_t mask) const {
    std::vector<CodeRange> ranges;
    for (size_t i = 0; i < runs_.size(); i++) {
        uint32_t end = i + 1 < runs_.size() ? runs_[i + 1].first : broken_byte;
        if (mask >> runs_[i].category & 1) ranges.push_back({runs_[i].first, end - 1});
    }
    return CodeSet(std::move(ranges));
}

namespace {
struct CategoryName {
    std::string_view name, long_name;
    uint32_t mask;
};
constexpr uint32_t bit(utf8proc_category_t category) {
    return 1u << category;
}
constexpr uint32_t bits(utf8proc_category_t first, utf8proc_category_t last) {
    return (2u << last) - (1u << first);
}
constexpr CategoryName category_names[] = {
    {"L", "Letter", bits(UTF8PROC_CATEGORY_LU, UTF8PROC_CATEGORY_LO)},
    {"M", "Mark", bits(UTF8PROC_CATEGORY_MN, UTF8PROC_CATEGORY_ME)},
    {"N", "Number", bits(UTF8PROC_CATEGORY_ND, UTF8PROC_CATEGORY_NO)},
    {"P", "Punctuation", bits(UTF8PROC_CATEGORY_PC, UTF8PROC_CATEGORY_PO)},
    {"S", "Symbol", bits(UTF8PROC_CATEGORY_SM, UTF8PROC_CATEGORY_SO)},
    {"Z", "Separator", bits(UTF8PROC_CATEGORY_ZS, UTF8PROC_CATEGORY_ZP)},
    {"C", "Other", bits(UTF8PROC_CATEGORY_CC, UTF8PROC_CATEGORY_CO) | bit(UTF8PROC_CATEGORY_CN)},
    {"Lu", "Uppercase_Letter", bit(UTF8PROC_CATEGORY_LU)},
    {"Ll", "Lowercase_Letter", bit(UTF8PROC_CATEGORY_LL)},
    {"Lt", "Titlecase_Letter", bit(UTF8PROC_CATEGORY_LT)},
    {"Lm", "Modifier_Letter", bit(UTF8PROC_CATEGORY_LM)},
    {"Lo", "Other_Letter", bit(UTF8PROC_CATEGORY_LO)},
    {"Mn", "Nonspacing_Mark", bit(UTF8PROC_CATEGORY_MN)},
    {"Mc", "Spacing_Mark", bit(UTF8PROC_CATEGORY_MC)},
    {"Me", "Enclosing_Mark", bit(UTF8PROC_CATEGORY_ME)},
    {"Nd", "Decimal_Number", bit(UTF8PROC_CATEGORY_ND)},
    {"Nl", "Letter_Number", bit(UTF8PROC_CATEGORY_NL)},
    {"No", "Other_Number", bit(UTF8PROC_CATEGORY_NO)},
    {"Pc", "Connector_Punctuation", bit(UTF8PROC_CATEGORY_PC)},
    {"Pd", "Dash_Punctuation", bit(UTF8PROC_CATEGORY_PD)},
    {"Ps", "Open_Punctuation", bit(UTF8PROC_CATEGORY_PS)},
    {"Pe", "Close_Punctuation", bit(UTF8PROC_CATEGORY_PE)},
    {"Pi", "Initial_Punctuation", bit(UTF8PROC_CATEGORY_PI)},
    {"Pf", "Final_Punctuation", bit(UTF8PROC_CATEGORY_PF)},
    {"Po", "Other_Punctuation", bit(UTF8PROC_CATEGORY_PO)},
    {"Sm", "Math_Symbol", bit(UTF8PROC_CATEGORY_SM)},
    {"Sc", "Currency_Symbol", bit(UTF8PROC_CATEGORY_SC)},
    {"Sk", "Modifier_Symbol", bit(UTF8PROC_CATEGORY_SK)},
    {"So", "Other_Symbol", bit(UTF8PROC_CATEGORY_SO)},
    {"Zs", "Space_Separator", bit(UTF8PROC_CATEGORY_ZS)},
    {"Zl", "Line_Separator", bit(UTF8PROC_CATEGORY_ZL)},
    {"Zp", "Paragraph_Separator", bit(UTF8PROC_CATEGORY_ZP)},
    {"Cc", "Control", bit(UTF8PROC_CATEGORY_CC)},
    {"Cf", "Format", bit(UTF8PROC_CATEGORY_CF)},
    {"Cs", "Surrogate", bit(UTF8PROC_CATEGORY_CS)},
    {"Co", "Private_Use", bit(UTF8PROC_CATEGORY_CO)},
    {"Cn", "Unassigned", bit(UTF8PROC_CATEGORY_CN)},
};
static_assert(UTF8PROC_CATEGORY_LU == 1 && UTF8PROC_CATEGORY_LO == 5 && UTF8PROC_CATEGORY_CO == 29);

constexpr CodeRange spaces[] = {
    {9, 13},          {0x20, 0x20},     {0x85, 0x85},     {0xA0, 0xA0},     {0x1680, 0x1680},
    {0x2000, 0x200A}, {0x2028, 0x2029}, {0x202F, 0x202F}, {0x205F, 0x205F}, {0x3000, 0x3000}};
}  // namespace

std::optional<CodeSet> Unicode::property(std::string_view name) const {
    for (const CategoryName& row : category_names)
        if (name == row.name || name == row.long_name) return categories(row.mask);
    if (name == "Any") return CodeSet({{0, 0x10FFFF}});
    if (name == "White_Space" || name == "Space") return space();
    if (name == "Alphabetic")
        return *property("L") | *property("Nl") | *property("Other_Alphabetic");
    if (name == "UTS18_Word")
        return *property("Alphabetic") | *property("M") | *property("Nd") | *property("Pc") |
               CodeSet({{0x200C, 0x200D}});
    for (const NamedSet& set : named_sets())
        if (name == set.name)
            return CodeSet(std::vector<CodeRange>(set.ranges.begin(), set.ranges.end()));
    return std::nullopt;
}

CodeSet Unicode::space() const {
    return CodeSet(std::vector<CodeRange>(std::begin(spaces), std::end(spaces)));
}

CodeSet Unicode::word() const {
    return *property("Alphabetic") | *property("M") | *property("Nd") | *property("Pc") |
           CodeSet({{0xB2, 0xB3}, {0xB9, 0xB9}, {0xBC, 0xBE}});  // Latin-1's numbers, and no others
}

CodeSet Unicode::any_case(const CodeSet& set) const {
    // A large set, such as a complement, holds both cases already wherever it matters here.
    constexpr uint32_t codes_max = 4096;
    std::vector<CodeRange> all(set.ranges().begin(), set.ranges().end());
    uint32_t seen = 0;
    auto add = [&](uint32_t code) { all.push_back({code, code}); };
    for (CodeRange range : set.ranges()) {
        for (uint32_t code = range.first; code <= range.last && seen < codes_max; code++, seen++) {
            auto point = static_cast<utf8proc_int32_t>(code);
            if (code > 0x10FFFF) continue;
            auto low = static_cast<uint32_t>(utf8proc_tolower(point));
            auto high = static_cast<uint32_t>(utf8proc_toupper(point));
            add(low);
            add(high);
            if (low == 'k') add(0x212A);                // the Kelvin sign
            if (low == 's' || high == 'S') add(0x17F);  // the long s
            if (low == 0xE5) add(0x212B);               // the Angstrom sign
        }
    }
    return CodeSet(std::move(all));
}

bool is_space(uint32_t code) {
    for (CodeRange range : spaces)
        if (code >= range.first && code <= range.last) return true;
    return false;
}

}  // namespace linnet
