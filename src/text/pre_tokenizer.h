// Cuts text into the pieces that no token may cross, in steps: each cuts what the one before left.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/threads.h"
#include "text/pattern.h"
#include "text/tokenizer_data.h"

namespace linnet {

class PreTokenizer {
  public:
    using Emit = FunctionRef<void(std::string_view piece)>;

    static Result<PreTokenizer> make(const std::vector<SplitStep>& steps, const Unicode& unicode);

    // Emits the pieces of `text` in order. `first`: the text starts where the whole input starts.
    // A piece lives as long as its call.
    void split(std::string_view text, bool first, Emit emit) const { run(0, text, first, emit); }

  private:
    struct Step {
        SplitStep step;
        std::optional<Pattern> pattern;
        std::optional<Pattern> word;  // DigitGroups: what may not follow
    };
    void run(size_t step, std::string_view text, bool first, Emit emit) const;
    void run_pattern(size_t step, std::string_view text, bool first, Emit emit) const;
    void run_isolated(const Pattern& pattern, std::string_view text, Emit emit) const;
    void run_digit_groups(size_t step, std::string_view text, bool first, Emit emit) const;
    void run_before_mark(size_t step, std::string_view text, bool first, Emit emit) const;
    void run_metaspace(size_t step, std::string_view text, bool first, Emit emit) const;

    void emit_piece(std::string_view text, Emit emit) const;

    std::vector<Step> steps_;
    bool in_alphabet_ = false;  // after the last step pieces are spelled in GPT-2's alphabet
};

// The text with every character escaped that means something in a pattern.
std::string escape_pattern(std::string_view text);

}  // namespace linnet
