// What is well with a machine, what slows linnet down on it, and what to do about that.
#pragma once

#include "measure/machine.h"

namespace linnet {

enum class Health { Ok, Warning, Problem };
std::string_view health_name(Health health);  // "ok", "warning", "problem"

struct Finding {
    Health health = Health::Ok;
    std::string area;   // "memory"
    std::string what;   // a sentence without a final period
    std::string fix{};  // a sentence or a command; may be empty
};

// The areas in a fixed order, each with at least one finding; an area without complaint has one
// that is ok and says what there is, or that this machine does not tell.
std::vector<Finding> examine(const Machine& machine);

// Of a disk that models are kept on.
Finding examine_disk(const Path& path, uint64_t bytes_free);

Health worst(const std::vector<Finding>& findings);

}  // namespace linnet
