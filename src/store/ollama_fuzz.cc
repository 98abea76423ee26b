// Manifests of Ollama's store: a digest that comes out is 64 digits, whatever went in.
#include <cstdint>

#include "store/foreign.h"

using namespace linnet;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    auto layer = parse_ollama_manifest({reinterpret_cast<const char*>(data), size});
    if (layer) check(layer->digest.hex().size() == 64, "a digest is a digest");
    return 0;
}
