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

inline Path user_store() {
    const char* data = std::getenv("XDG_DATA_HOME");
    const char* home = std::getenv("HOME");
    return (data && *data ? Path(data) : Path(home ? home : "/") / ".local/share") / "linnet";
}

// The default model's file where it has been pulled: LINNET_TEST_MODEL, or the blob in the store of
// this user.
inline Path default_model() {
    constexpr const char* digest =
        "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53";
    if (const char* set = std::getenv("LINNET_TEST_MODEL")) return set;
    return user_store() / "blobs/sha256" / std::string(digest, 2) / digest;
}

// The folder of all-MiniLM-L6-v2: LINNET_TEST_EMBEDDER, or that in the store of this user.
inline Path embedding_model() {
    if (const char* set = std::getenv("LINNET_TEST_EMBEDDER")) return set;
    return user_store() / "models/all-minilm-l6-v2";
}

}  // namespace linnet::testing

// Names the default model's file, or skips the test.
#define LINNET_MODEL_OR_SKIP(variable)                                  \
    const ::linnet::Path variable = ::linnet::testing::default_model(); \
    if (!std::filesystem::exists(variable))                             \
    GTEST_SKIP() << variable << " is absent; get it with: linnet pull smollm2-135m"

// Names a file of the data folder, or skips the test and says which is missing.
#define LINNET_DATA_OR_SKIP(variable, relative)                                    \
    const ::linnet::Path variable = ::linnet::testing::data_folder() / (relative); \
    if (!std::filesystem::exists(variable))                                        \
    GTEST_SKIP() << variable << " is absent; set LINNET_DATA to the folder that holds it"
