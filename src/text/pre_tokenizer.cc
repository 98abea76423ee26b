#include "text/pre_tokenizer.h"

#include "base/text.h"
#include "text/vocabulary.h"

namespace linnet {
namespace {

constexpr size_t steps_max = 32;

// Calls part(begin, end, is_match) for the matches of a pattern and what lies between them.
template <class Part>
void for_each_part(const Pattern& pattern, std::string_view text, Part part) {
    Pattern::Scan scan(pattern, text);
    size_t gap = 0, at = 0;
    while (at < text.size()) {
        size_t candidate = scan.skip(at);
        if (candidate >= text.size()) break;
        size_t end = scan.match(candidate);
        at = candidate;
        bool nothing = end == Pattern::none;
        if (!nothing && at > gap) part(gap, at, false);
        if (!nothing && end > at) part(at, end, true);
        if (!nothing) gap = at = std::max(end, at);
        // Nothing, or the empty text, matches here: on by a code point.
        if (nothing || end == candidate) at += decode_utf8(text, at).length;
    }
    if (text.size() > gap) part(gap, text.size(), false);
}

}  // namespace

std::string escape_pattern(std::string_view text) {
    std::string out;
    for (char c : text) {
        if (std::string_view("\\^$.|?*+()[]{}-&").find(c) != std::string_view::npos) out += '\\';
        out += c;
    }
    return out;
}

Result<PreTokenizer> PreTokenizer::make(const std::vector<SplitStep>& steps,
                                        const Unicode& unicode) {
    for (const SplitStep& step : steps)
        if (step.kind == SplitStep::Kind::BeforeMark && step.text.empty())
            return Error{Code::BadInput, "a pre-tokenizer that cuts in front of nothing"};
    if (steps.size() > steps_max)
        return Error{Code::Unsupported, cat("a pre-tokenizer of ", steps.size(), " steps")};
    PreTokenizer out;
    for (const SplitStep& step : steps) {
        Step made{step, std::nullopt, std::nullopt};
        if (step.kind == SplitStep::Kind::Pattern)
            made.pattern = TRY(Pattern::compile(
                step.is_regex ? step.pattern : escape_pattern(step.pattern), unicode));
        if (step.kind == SplitStep::Kind::DigitGroups) {
            made.pattern = TRY(Pattern::compile("\\d+", unicode));
            made.word = TRY(Pattern::compile("\\w", unicode));
        }
        out.in_alphabet_ |= step.kind == SplitStep::Kind::ToAlphabet;
        out.steps_.push_back(std::move(made));
    }
    return out;
}

void PreTokenizer::run(size_t step, std::string_view text, bool first, Emit emit) const {
    if (text.empty()) return;
    if (step == steps_.size()) return emit_piece(text, emit);
    const Step& here = steps_[step];
    switch (here.step.kind) {
        case SplitStep::Kind::Pattern:
            if (step + 1 == steps_.size() && !here.step.invert &&
                here.step.behavior == SplitStep::Behavior::Isolated)
                return run_isolated(*here.pattern, text, emit);
            return run_pattern(step, text, first, emit);
        case SplitStep::Kind::DigitGroups:
            return run_digit_groups(step, text, first, emit);
        case SplitStep::Kind::Metaspace:
            return run_metaspace(step, text, first, emit);
        case SplitStep::Kind::BeforeMark:
            return run_before_mark(step, text, first, emit);
        case SplitStep::Kind::ToAlphabet:
            return run(step + 1, alphabet_of_bytes(text), first, emit);
        case SplitStep::Kind::PrefixSpace:
            if (text.starts_with(' ')) return run(step + 1, text, first, emit);
            return run(step + 1, cat(" ", text), first, emit);
    }
}

void PreTokenizer::emit_piece(std::string_view text, Emit emit) const {
    if (!in_alphabet_) return emit(text);
    emit(bytes_of_alphabet(text));
}

void PreTokenizer::run_isolated(const Pattern& pattern, std::string_view text, Emit emit) const {
    for_each_part(pattern, text, [&](size_t begin, size_t end, bool) {
        emit_piece(text.substr(begin, end - begin), emit);
    });
}

void PreTokenizer::run_pattern(size_t step, std::string_view text, bool first, Emit emit) const {
    using Behavior = SplitStep::Behavior;
    const SplitStep& how = steps_[step].step;
    auto pass = [&](size_t begin, size_t end) {
        run(step + 1, text.substr(begin, end - begin), first && begin == 0, emit);
    };
    // [begin, held) waits for what may join it.
    size_t begin = 0, held = 0;
    bool held_match = false;
    for_each_part(*steps_[step].pattern, text, [&](size_t from, size_t to, bool is_match) {
        is_match ^= how.invert;
        bool joins = false;
        switch (how.behavior) {
            case Behavior::Isolated:
            case Behavior::Removed:
                break;
            case Behavior::Contiguous:
                joins = is_match == held_match;
                break;
            case Behavior::MergedWithPrevious:
                joins = is_match && !held_match;
                break;
            case Behavior::MergedWithNext:
                joins = held_match && !is_match;
                break;
        }
        if (!joins || held == begin) {
            if (held > begin) pass(begin, held);
            begin = from;
        }
        held_match = is_match;
        held = to;
        if (how.behavior == Behavior::Removed && is_match) begin = held;
    });
    if (held > begin) pass(begin, held);
}

// "1234567" as "1", "234", "567".
void PreTokenizer::run_digit_groups(size_t step, std::string_view text, bool first,
                                    Emit emit) const {
    const Step& here = steps_[step];
    size_t done = 0;
    auto cut = [&](size_t at) {
        if (at > done) run(step + 1, text.substr(done, at - done), first && done == 0, emit);
        done = at;
    };
    Pattern::Scan word(*here.word, text);
    for_each_part(*here.pattern, text, [&](size_t begin, size_t end, bool is_match) {
        if (!is_match) return;
        if (here.step.word_boundary && end < text.size() && word.match(end) != Pattern::none)
            return;
        size_t left = 0;
        for (size_t at = begin; at < end; at += decode_utf8(text, at).length) left++;
        for (size_t at = begin; at < end; at += decode_utf8(text, at).length, left--)
            if (left % 3 == 0 || (at == begin && !here.step.only_before)) cut(at);
        if (!here.step.only_before) cut(end);
    });
    cut(text.size());
}

void PreTokenizer::run_before_mark(size_t step, std::string_view text, bool first,
                                   Emit emit) const {
    std::string_view mark = steps_[step].step.text;
    for (bool start = true; !text.empty(); start = false) {
        size_t length = 0;
        while (text.substr(length).starts_with(mark)) length += mark.size();
        length = std::min(text.find(mark, length), text.size());
        run(step + 1, text.substr(0, length), first && start, emit);
        text.remove_prefix(length);
    }
}

void PreTokenizer::run_metaspace(size_t step, std::string_view text, bool first, Emit emit) const {
    const SplitStep& how = steps_[step].step;
    bool prepends = how.prepend == SplitStep::Prepend::Always ||
                    (how.prepend == SplitStep::Prepend::First && first);
    std::string marked = replace_all(std::string(text), " ", how.text);
    if (prepends && !marked.starts_with(how.text)) marked.insert(0, how.text);
    if (!how.split || how.text.empty()) return run(step + 1, marked, first, emit);
    std::string_view rest = marked;
    for (bool start = true; !rest.empty(); start = false) {
        size_t length = std::min(rest.find(how.text, how.text.size()), rest.size());
        if (!rest.starts_with(how.text)) length = std::min(rest.find(how.text), rest.size());
        run(step + 1, rest.substr(0, length), first && start, emit);
        rest.remove_prefix(length);
    }
}

}  // namespace linnet
