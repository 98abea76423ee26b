#include "text/jinja_text_tools.h"

#include <algorithm>

namespace linnet::jinja {
namespace {

// Between all characters, and at both ends.
Result<Value> interspersed(Runtime& runtime, const Text& text, std::string_view between,
                           int64_t most) {
    TextBuilder out(runtime);
    for (size_t at = 0; at <= text.bytes.size() && most != 0; most--) {
        TRY(out.add(between));
        size_t begin = at;
        if (at == text.bytes.size()) return out.value(text.safe);
        next_point(text.bytes, at);
        TRY(out.add(std::string_view(text.bytes).substr(begin, at - begin)));
        if (most == 1) {
            TRY(out.add(std::string_view(text.bytes).substr(at)));
            break;
        }
    }
    return out.value(text.safe);
}

}  // namespace

Result<Value> replaced(Runtime& runtime, const Text& text, std::string_view old,
                       std::string_view replacement, int64_t most) {
    if (most == 0) return runtime.text(text.bytes, text.safe);
    if (old.empty()) return interspersed(runtime, text, replacement, most);
    TextBuilder out(runtime);
    size_t begin = 0;
    std::string_view all = text.bytes;
    TRY(runtime.budget.bytes(all.size()));
    for (; most != 0; most--) {
        size_t at = find_text(all, old, begin);
        if (at == std::string_view::npos) break;
        TRY(out.add(all.substr(begin, at - begin)));
        TRY(out.add(replacement));
        begin = at + old.size();
    }
    TRY(out.add(all.substr(begin)));
    return out.value(text.safe);
}

Result<Value> placed(Runtime& runtime, const Text& text, int64_t width, std::string_view fill,
                     Placement placement) {
    int64_t missing = std::max<int64_t>(width - static_cast<int64_t>(text.length), 0);
    int64_t before = 0;
    if (placement == Placement::Right) before = missing;
    // CPython's rounding: the odd space goes left where the width is odd.
    if (placement == Placement::Center) before = missing / 2 + (missing & width & 1);
    TextBuilder out(runtime);
    TRY(out.add(fill, static_cast<size_t>(before)));
    TRY(out.add(text.bytes));
    TRY(out.add(fill, static_cast<size_t>(missing - before)));
    return out.value(text.safe);
}

}  // namespace linnet::jinja
