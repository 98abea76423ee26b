// What `linnet doctor` found out, and the same as data.
#pragma once

#include "base/json.h"
#include "kernels/cpu.h"
#include "measure/bandwidth.h"
#include "measure/disk.h"
#include "measure/health.h"

namespace linnet {

struct KernelChoice {
    CpuFeatures features;
    Isa best = Isa::Scalar;
    Isa used = Isa::Scalar;
    bool forced = false;  // by LINNET_ISA
};

struct StoreState {
    size_t models = 0;         // of our own
    size_t damaged = 0;        // a file is missing or has another size
    size_t unreadable = 0;     // manifests
    size_t foreign = 0;        // models of other programs
    uint64_t bytes = 0;        // of our own models
    uint64_t reclaimable = 0;  // what `linnet gc` may free, sooner or later
};

struct Diagnosis {
    Machine machine;
    KernelChoice kernels;
    std::vector<Finding> findings;
    std::optional<uint64_t> disk_free;
    std::optional<StoreState> store;
    std::optional<ReadSpeed> disk_read;  // of a model's file
    std::optional<Bandwidth> bandwidth;
};

Json diagnosis_document(const Diagnosis& diagnosis);

}  // namespace linnet
