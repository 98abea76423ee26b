// What `linnet doctor` found out, and the same as data.
#pragma once

#include "base/json.h"
#include "kernels/cpu.h"
#include "measure/bandwidth.h"
#include "measure/health.h"

namespace linnet {

struct KernelChoice {
    CpuFeatures features;
    Isa best = Isa::Scalar;
    Isa used = Isa::Scalar;
    bool forced = false;  // by LINNET_ISA
};

struct Diagnosis {
    Machine machine;
    KernelChoice kernels;
    std::vector<Finding> findings;
    std::optional<uint64_t> disk_free;
    std::optional<Bandwidth> bandwidth;
};

Json diagnosis_document(const Diagnosis& diagnosis);

}  // namespace linnet
