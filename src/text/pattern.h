// A regular expression as one table: every alternative runs at once, one look-up a byte or code
// point, no backtracking. Finds what a backtracking matcher finds (the first alternative that fits,
// greedy or lazy as written), in time that does not depend on the text's content.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "text/unicode.h"

namespace linnet {

class Pattern {
  public:
    // BadInput, or Unsupported for what needs more than one code point of look-around, for back
    // references and for what would need a table of more than `entries_max`.
    static Result<Pattern> compile(std::string_view text, const Unicode& unicode);
    static constexpr size_t entries_max = size_t{1} << 20;

    static constexpr size_t none = static_cast<size_t>(-1);

    // Walks over one text from front to back. The pattern must outlive it.
    class Scan {
      public:
        Scan(const Pattern& pattern, std::string_view text) : pattern_(pattern), text_(text) {}

        // Where the match that starts at `at` ends, or none. REQUIRES: at <= text.size(), at the
        // start of a code point.
        size_t match(size_t at);

        // The first place from `at` on where a match could start; the text's end where none can.
        size_t skip(size_t at) const;

      private:
        struct Outcome {
            size_t end, read;  // read: how far the text was looked at
        };
        Outcome run(size_t at) const;
        size_t run_carefully(size_t at);
        uint32_t start(size_t at) const;

        const Pattern& pattern_;
        std::string_view text_;
        size_t wasted_ = 0;  // bytes read beyond the end of the match that was then taken
        // Once much was wasted: futile_[p] is a state from which nothing more matches at p.
        std::vector<uint32_t> futile_;
    };

    size_t table_entries() const { return table_.size(); }

  private:
    friend class PatternBuilder;
    struct Step {
        uint32_t class_of;
        uint32_t length;
    };
    Step classify(std::string_view text, size_t at) const {
        auto byte = static_cast<unsigned char>(text[at]);
        if (byte < 0x80) return {ascii_[byte], 1};
        return classify_long(text, at);
    }
    Step classify_long(std::string_view text, size_t at) const;

    // table_[state + class]: the next state, a multiple of the row's length, and whether a match
    // ends before the code point of that class. The last class is the end of the text.
    static constexpr uint32_t match_flag = 0x8000'0000;
    static constexpr uint32_t dead = 0;
    std::vector<uint32_t> table_;
    std::vector<uint32_t> starts_;    // by the class before; the last one where the text starts
    std::vector<uint8_t> can_start_;  // by class
    std::array<uint8_t, 128> ascii_{};
    std::vector<uint16_t> block_of_;  // by code point / 256
    std::vector<uint8_t> blocks_;     // 256 classes each
    uint32_t classes_ = 0;
    bool looks_behind_ = false;
};

}  // namespace linnet
