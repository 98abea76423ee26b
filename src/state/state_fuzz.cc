// Any bytes as the part of a saved state that its hash is of: it reads or says why not, and what is
// written of it reads as the same.
#include <cstdint>
#include <string>

#include "base/text.h"
#include "state/state_file.h"
#include "trust/hash.h"

using namespace linnet;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    std::string file(reinterpret_cast<const char*>(data), size);
    Digest digest = sha256(as_bytes(file));
    file += as_text(digest.bytes);
    auto state = read_state_file(as_bytes(file));
    if (!state) {
        check(!state.error().what.empty() && valid_utf8(state.error().what), "a sentence of text");
        return 0;
    }
    check(state->cache.tokens.size() <= state->tokens.size(), "what is computed was said");
    std::string written = write_state_file(*state);
    auto again = read_state_file(as_bytes(written));
    check(bool(again), "what is written can be read");
    check(again->tokens == state->tokens && again->cache.pages == state->cache.pages &&
              again->settings == state->settings && again->note == state->note,
          "the same state");
    return 0;
}
