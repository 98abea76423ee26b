#include "store/layout.h"

namespace linnet {

std::string download_key(const Digest& digest) {
    return "sha256-" + digest.hex();
}

std::string download_key(std::string_view source) {
    return "source-" + sha256(as_bytes(source)).hex();
}

}  // namespace linnet
