// Where tests find what is too large for the tree: LINNET_DATA, or ../shared beside the source.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>

#include "base/file.h"

namespace linnet::testing {

inline Path source_folder() {
    const char* set = std::getenv("LINNET_SOURCE");
    return set ? Path(set) : std::filesystem::current_path();
}

inline Path data_folder() {
    const char* set = std::getenv("LINNET_DATA");
    return set ? Path(set) : source_folder() / "../shared";
}

}  // namespace linnet::testing

// Names a file of the data folder, or skips the test and says which is missing.
#define LINNET_DATA_OR_SKIP(variable, relative)                                    \
    const ::linnet::Path variable = ::linnet::testing::data_folder() / (relative); \
    if (!std::filesystem::exists(variable))                                        \
    GTEST_SKIP() << variable << " is absent; set LINNET_DATA to the folder that holds it"
