// A regular expression. Whatever it is, it is refused in a sentence or walked through to an end.
#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "grammar/regex.h"
#include "grammar/testing/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace linnet;
    if (size > 4096) return 0;
    static const Unicode unicode;
    std::string_view input = as_text(std::as_bytes(std::span(data, size)));
    Draft draft;
    testing::fuzz_grammar(draft, draft_regex(draft, input, unicode), size);
    return 0;
}
