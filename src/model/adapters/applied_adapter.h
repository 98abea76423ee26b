// The adapters that a request uses, and how strongly.
#pragma once

#include <memory>
#include <vector>

namespace linnet {

class Adapter;

struct AppliedAdapter {
    std::shared_ptr<const Adapter> adapter;
    float scale = 1;  // beside the adapter's own; 0 adds nothing
};
using Adapters = std::vector<AppliedAdapter>;  // one upon the other

}  // namespace linnet
