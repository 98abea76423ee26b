#include "text/pattern.h"

#include <algorithm>

namespace linnet {

Pattern::Step Pattern::classify_long(std::string_view text, size_t at) const {
    Decoded c = decode_utf8(text, at);
    return {blocks_[block_of_[c.code >> 8] * size_t{256} + (c.code & 0xFF)], c.length};
}

uint32_t Pattern::Scan::start(size_t at) const {
    const Pattern& p = pattern_;
    if (!p.looks_behind_ || at == 0) return p.starts_[p.classes_];
    size_t before = at - 1;
    while (before > 0 && at - before < 4 && (text_[before] & 0xC0) == 0x80) before--;
    Step step = p.classify(text_, before);
    if (before + step.length != at) step = p.classify(text_, at - 1);  // a broken byte
    return p.starts_[step.class_of];
}

Pattern::Scan::Outcome Pattern::Scan::run(size_t at) const {
    const Pattern& p = pattern_;
    uint32_t state = start(at);
    size_t end = none;
    while (at < text_.size()) {
        Step step = p.classify(text_, at);
        uint32_t entry = p.table_[state + step.class_of];
        if (entry & match_flag) end = at;
        state = entry & ~match_flag;
        if (state == dead) return {end, at};
        at += step.length;
    }
    if (p.table_[state + p.classes_ - 1] & match_flag) end = at;
    return {end, at};
}

size_t Pattern::Scan::match(size_t at) {
    // What a failed or shortened attempt read is read again by the next one. Patterns in use waste
    // little; one that does not is watched.
    constexpr size_t wasted_max = 4096;
    if (wasted_ > wasted_max + 4 * at) return run_carefully(at);
    Outcome outcome = run(at);
    size_t used = outcome.end == none ? at : outcome.end;
    wasted_ += outcome.read - used;
    return outcome.end;
}

// As run(), and remembers from which states nothing more came, place by place: a later attempt that
// comes to the same place in the same state ends there.
size_t Pattern::Scan::run_carefully(size_t at) {
    const Pattern& p = pattern_;
    if (futile_.empty()) futile_.assign(text_.size() + 1, dead);
    uint32_t state = start(at);
    size_t end = none;
    std::vector<std::pair<size_t, uint32_t>> since;  // places and states after the last match
    while (at < text_.size()) {
        if (futile_[at] == state) break;
        since.push_back({at, state});
        Step step = p.classify(text_, at);
        uint32_t entry = p.table_[state + step.class_of];
        if (entry & match_flag) {
            end = at;
            since.clear();
        }
        state = entry & ~match_flag;
        if (state == dead) break;
        at += step.length;
    }
    if (at == text_.size() && (p.table_[state + p.classes_ - 1] & match_flag)) {
        end = at;
        since.clear();
    }
    for (auto [place, seen] : since) futile_[place] = seen;
    return end;
}

size_t Pattern::Scan::skip(size_t at) const {
    const Pattern& p = pattern_;
    while (at < text_.size()) {
        Step step = p.classify(text_, at);
        if (p.can_start_[step.class_of]) return at;
        at += step.length;
    }
    return at;
}

}  // namespace linnet
