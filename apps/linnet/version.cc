#include "linnet/version.h"

#include <CLI/Version.hpp>

#include "base/text.h"
#include "linnet_version.h"  // written by the build

namespace linnet {

std::string version_line() {
    return cat("linnet ", LINNET_VERSION);
}

Json version_document() {
    std::string_view commit = LINNET_COMMIT;
    return Json::object({{"version", LINNET_VERSION},
                         {"commit", commit.empty() ? Json() : Json(commit)},
                         {"compiler", LINNET_COMPILER},
                         {"build", LINNET_BUILD_TYPE},
                         {"libraries", Json::object({{"CLI11", CLI11_VERSION}})}});
}

}  // namespace linnet
