// What this machine could do at most: the yardsticks of a model's speed, measured on the spot.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "base/cancel.h"
#include "base/clock.h"
#include "base/result.h"
#include "formats/checkpoint.h"
#include "kernels/kernels.h"
#include "measure/machine.h"
#include "model/matrix.h"

namespace linnet {

struct MachineLimit {
    size_t threads = 0;
    std::optional<double> bytes_per_second;  // read from memory; absent where it is too short
    double products_per_second = 0;          // of bytes, added up, by the kernels in use
};

// One for each of the numbers of threads. REQUIRES: there are some, ascending.
Result<std::vector<MachineLimit>> measure_limits(std::span<const size_t> threads,
                                                 const Kernels& kernels, const Machine& machine,
                                                 Clock& clock, const Cancel& cancel);

// What a token costs, as the file has its weights.
struct TokenWork {
    double bytes = 0;          // of the matrices that one token is multiplied with
    double products = 0;       // multiplications with them, without the head: prompts skip it
    bool in_integers = false;  // most of them are done in integers
};
TokenWork work_per_token(const Checkpoint& checkpoint, Math math);

}  // namespace linnet
