// SentencePiece's precompiled normalisation: a double array that finds what is to be replaced, and
// the replacements, each ended by a zero.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace linnet {

class Charsmap {
  public:
    static constexpr size_t bytes_max = size_t{64} << 20;
    static Result<Charsmap> parse(std::string_view blob);

    // As SentencePiece has it: at each place the longest text that the map knows is replaced.
    std::string replace_longest(std::string_view text) const;
    // As Hugging Face's tokenizers have it: whole grapheme clusters of up to five bytes, otherwise
    // characters, are replaced by what the shortest known text at their start becomes.
    std::string replace_graphemes(std::string_view text) const;

  private:
    struct Match {
        size_t length = 0;  // 0: none
        uint32_t at = 0;    // of the replacement
    };
    Match find(std::string_view text, bool longest) const;
    std::string_view replacement(uint32_t at) const;

    std::vector<uint32_t> units_;
    std::string replacements_;
};

}  // namespace linnet
