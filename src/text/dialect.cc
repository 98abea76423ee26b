#include "text/dialect.h"

#include <algorithm>
#include <array>

#include "text/dialects/rows.h"

namespace linnet {
namespace {

// Those whose marks tell more come first.
const std::array<Dialect, 11>& table() {
    static const std::array<Dialect, 11> rows{
        deepseek_dialect, lfm2_dialect,        cohere_dialect,  nemotron_dialect,
        phi4_dialect,     functionary_dialect, granite_dialect, mistral_dialect,
        hermes_dialect,   llama3_dialect,      plain_dialect};
    return rows;
}

constexpr ReasoningMarks reasoning[] = {
    {"<think>", "</think>"}, {"[THINK]", "[/THINK]"}, {"<|START_THINKING|>", "<|END_THINKING|>"}};

}  // namespace

std::span<const Dialect> dialects() {
    return table();
}

const Dialect* find_dialect(std::string_view name) {
    for (const Dialect& row : dialects())
        if (row.name == name) return &row;
    return nullptr;
}

const Dialect& dialect_of_template(std::string_view source) {
    for (const Dialect& row : dialects())
        if (source.find(row.mark) != source.npos) return row;
    return table().back();  // not reached: the last mark is empty
}

bool ends_in_reasoning(std::string_view prompt) {
    size_t end = prompt.find_last_not_of(" \t\r\n");
    if (end == prompt.npos) return false;
    prompt = prompt.substr(0, end + 1);
    return std::any_of(std::begin(reasoning), std::end(reasoning),
                       [&](const ReasoningMarks& pair) { return prompt.ends_with(pair.open); });
}

std::span<const ReasoningMarks> reasoning_marks() {
    return reasoning;
}

std::string_view reasoning_close(std::string_view text) {
    std::string_view close;
    size_t last = 0;
    for (const ReasoningMarks& pair : reasoning) {
        size_t at = text.rfind(pair.open);
        if (at == text.npos || (!close.empty() && at < last)) continue;
        last = at;
        close = pair.close;
    }
    return close;
}

}  // namespace linnet
