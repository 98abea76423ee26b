#include "text/pre_tokenizer_name.h"

#include "text/pre_tokenizer.h"
#include "text/pre_tokenizers.h"

namespace linnet {
namespace {

// Letters of many scripts with and without marks, numbers of all kinds, contractions, punctuation,
// symbols, and white space of every sort, next to one another.
constexpr std::string_view probe =
    "Hello, World! It's we'll I'D they'RE don't 'tis x'sy  two   three    four\tfive\t\tsix\n"
    "\n\n seven \r\n\r\n  eight \n \n nine/ten//\n/x ...\n!!\n\n 1 12 123 1234 12345 123456 1234567"
    "   3.14 1,000,000 v2 2v a1b22c333d4444 x=y+1; $5 \xE2\x82\xAC"
    "100 50% #tag @me a_b __init__"
    " (a) [b] {c} <d> \"e\" 'f' `g` ~h ^i |j \\k C++ f(x) != === -> 0xFF CamelCaseWords ALLCAPS"
    " mixedCASE Title\xC3\xA9"
    "d na\xC3\xAFve \xC3\x9Cn\xC3\xAF\x63\xC3\xB6"
    "de e\xCC\x81"
    "a\xCC\x8A"
    " \xD0\x9F\xD1\x80\xD0\xB8\xD0\xB2\xD0\xB5\xD1\x82 \xD0\xBC\xD0\xB8\xD1\x80"
    " \xCE\xB1\xCE\xB2\xCE\xB3 "
    "\xE4\xBD\xA0\xE5\xA5\xBD\xEF\xBC\x8C\xE4\xB8\x96\xE7\x95\x8C\xE3\x80\x82"
    " \xE3\x81\x93\xE3\x82\x93\xE3\x82\xAB\xE3\x82\xBF \xED\x95\x9C\xEA\xB5\xAD\xEC\x96\xB4"
    " \xD8\xA7\xD9\x84\xD8\xB3\xD9\x84\xD8\xA7\xD9\x85\xD9\x8F "
    "\xE0\xA4\xA8\xE0\xA4\xAE\xE0\xA4\xB8\xE0\xA5\x8D\xE0\xA4\xA4\xE0\xA5\x87"
    " \xE0\xB8\xAA\xE0\xB8\xA7\xE0\xB8\xB1 \xD9\xA1\xD9\xA2\xD9\xA3\xD9\xA4 \xC2\xBD \xE2\x85\xA7 "
    "\xC2\xB2"
    " \xF0\x9F\x99\x82\xF0\x9F\x9A\x80 \xE2\x80\x9Cq\xE2\x80\x9D \xE2\x80\x94 \xE2\x80\xA6"
    "\xC2\xA0nbsp\xE3\x80\x80wide\xE2\x80\x89thin end  ";

using Pieces = std::vector<std::string>;

Result<Pieces> cut(const std::vector<SplitStep>& steps, const Unicode& unicode) {
    PreTokenizer splits = TRY(PreTokenizer::make(steps, unicode));
    Pieces out;
    splits.split(probe, true, [&](std::string_view piece) { out.emplace_back(piece); });
    return out;
}

}  // namespace

Result<std::optional<std::string_view>> pre_tokenizer_name(const TokenizerData& data) {
    Unicode unicode;
    const Pieces wanted = TRY(cut(data.splits, unicode));
    for (std::string_view name : pre_tokenizer_names()) {
        auto named = pre_tokenizer_of(name);
        if (!named || named->space_mark || named->ignore_merges != data.ignore_merges) continue;
        if (TRY(cut(named->steps, unicode)) == wanted) return std::optional(name);
    }
    return std::optional<std::string_view>();
}

}  // namespace linnet
