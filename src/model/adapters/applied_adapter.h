// An adapter that a request uses, and how strongly.
#pragma once

#include <memory>

namespace linnet {

class Adapter;

struct AppliedAdapter {
    std::shared_ptr<const Adapter> adapter;
    float scale = 1;  // beside the adapter's own; 0 adds nothing
};

}  // namespace linnet
