#include "text/normalizer.h"

#include <algorithm>

#include "base/text.h"
#include "text/normal_form.h"
#include "text/unicode_tables.h"

namespace linnet {
namespace {

using Kind = NormalizeStep::Kind;
constexpr size_t steps_max = 64;

// change(out, code) for every code point; broken bytes stay.
template <class Change>
std::string map_codes(std::string_view text, Change change) {
    std::string out;
    out.reserve(text.size());
    for (size_t at = 0; at < text.size();) {
        Decoded c = decode_utf8(text, at);
        if (c.code == broken_byte)
            out += text[at];
        else
            change(out, c.code);
        at += c.length;
    }
    return out;
}

std::string strip(std::string_view text, bool left, bool right) {
    while (left && !text.empty()) {
        Decoded c = decode_utf8(text, 0);
        if (!is_space(c.code)) break;
        text.remove_prefix(c.length);
    }
    while (right && !text.empty()) {
        size_t at = text.size() - 1;
        while (at > 0 && text.size() - at < 4 && (text[at] & 0xC0) == 0x80) at--;
        if (!is_space(decode_utf8(text, at).code)) break;
        text.remove_suffix(text.size() - at);
    }
    return std::string(text);
}

std::string squash_spaces(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (char c : text)
        if (c != ' ' || (!out.empty() && out.back() != ' ')) out += c;
    if (!out.empty() && out.back() == ' ') out.pop_back();
    return out;
}

bool is_chinese(uint32_t code) {
    constexpr CodeRange ranges[] = {{0x4E00, 0x9FFF},   {0x3400, 0x4DBF},   {0x20000, 0x2A6DF},
                                    {0x2A700, 0x2B73F}, {0x2B740, 0x2B81F}, {0x2B920, 0x2CEAF},
                                    {0xF900, 0xFAFF},   {0x2F800, 0x2FA1F}};
    return std::any_of(std::begin(ranges), std::end(ranges),
                       [&](CodeRange range) { return code >= range.first && code <= range.last; });
}

std::string bert(const NormalizeStep& step, std::string text) {
    if (step.clean)
        text = map_codes(text, [](std::string& out, uint32_t code) {
            if (!is_in(controls_of_hf(), code)) append_utf8(out, is_space(code) ? ' ' : code);
        });
    if (step.chinese)
        text = map_codes(text, [](std::string& out, uint32_t code) {
            bool chinese = is_chinese(code);
            if (chinese) out += ' ';
            append_utf8(out, code);
            if (chinese) out += ' ';
        });
    if (step.accents)
        text = map_codes(normalized(text, nfd), [](std::string& out, uint32_t code) {
            if (!is_in(nonspacing_marks_of_hf(), code)) append_utf8(out, code);
        });
    if (step.lower) text = map_codes(text, append_lower);
    return text;
}

void append_nmt(std::string& out, uint32_t code) {
    bool dropped = (code >= 1 && code <= 8) || code == 0xB || (code >= 0xE && code <= 0x1F) ||
                   code == 0x7F || code == 0x8F || code == 0x9F;
    bool blank = code == 9 || code == 0xA || code == 0xC || code == 0xD || code == 0x1680 ||
                 (code >= 0x200B && code <= 0x200F) || code == 0x2028 || code == 0x2029 ||
                 code == 0x2581 || code == 0xFEFF || code == 0xFFFD;
    if (!dropped) append_utf8(out, blank ? ' ' : code);
}

std::string replace_pattern(const Pattern& pattern, std::string_view text, std::string_view by) {
    std::string out;
    out.reserve(text.size());
    Pattern::Scan scan(pattern, text);
    for (size_t at = 0; at < text.size();) {
        size_t end = scan.match(at);
        if (end != Pattern::none && end > at) {
            out += by;
            at = end;
            continue;
        }
        size_t length = decode_utf8(text, at).length;
        out += text.substr(at, length);
        at += length;
    }
    return out;
}

}  // namespace

Result<Normalizer> Normalizer::make(const std::vector<NormalizeStep>& steps,
                                    const Unicode& unicode) {
    if (steps.size() > steps_max)
        return Error{Code::Unsupported, cat("a normaliser of ", steps.size(), " steps")};
    Normalizer out;
    for (const NormalizeStep& step : steps) {
        Step made{step, std::nullopt, std::nullopt};
        if (step.kind == Kind::Replace && step.is_regex)
            made.pattern = TRY(Pattern::compile(step.pattern, unicode));
        if (step.kind == Kind::Replace && step.pattern.empty())
            return Error{Code::BadInput, "a replacement of nothing"};
        if (step.kind == Kind::Charsmap) {
            made.map = TRY(Charsmap::parse(step.text));
            made.step.text.clear();
        }
        out.steps_.push_back(std::move(made));
    }
    return out;
}

bool Normalizer::strips_front(std::string_view text) const {
    if (text.empty() || !is_space(decode_utf8(text, 0).code)) return false;
    return std::ranges::any_of(steps_, [](const Step& here) {
        return here.step.kind == NormalizeStep::Kind::Strip && here.step.left;
    });
}

std::string Normalizer::run(std::string_view text) const {
    std::string out(text);
    for (const Step& step : steps_) out = run_step(step, std::move(out));
    return out;
}

std::string Normalizer::run_step(const Step& here, std::string text) {
    const NormalizeStep& step = here.step;
    switch (step.kind) {
        case Kind::Nfc:
            return normalized(text, nfc);
        case Kind::Nfd:
            return normalized(text, nfd);
        case Kind::Nfkc:
            return normalized(text, nfkc);
        case Kind::Nfkd:
            return normalized(text, nfkd);
        case Kind::Lowercase:
            return map_codes(text, append_lower);
        case Kind::StripAccents:
            return map_codes(text, [](std::string& out, uint32_t code) {
                if (!is_in(marks_of_hf(), code)) append_utf8(out, code);
            });
        case Kind::Strip:
            return strip(text, step.left, step.right);
        case Kind::Prepend:
            return text.empty() ? text : step.text + text;
        case Kind::Replace:
            if (here.pattern) return replace_pattern(*here.pattern, text, step.text);
            return replace_all(std::move(text), step.pattern, step.text);
        case Kind::Bert:
            return bert(step, std::move(text));
        case Kind::Charsmap:
            return step.by_grapheme ? here.map->replace_graphemes(text)
                                    : here.map->replace_longest(text);
        case Kind::SquashSpaces:
            return squash_spaces(text);
        case Kind::Nmt:
            return map_codes(text, append_nmt);
    }
    return text;
}

}  // namespace linnet
