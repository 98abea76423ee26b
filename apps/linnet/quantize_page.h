// A quantization's report as one HTML page: what was lost, what else could have been chosen, and
// what each tensor became.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "compress/target.h"
#include "linnet/quantize_judge.h"

namespace linnet {

struct QuantizePage {
    std::string model;  // as it was named
    std::string recipe;
    std::string digest_before, digest_after;  // "sha256:…" of the files
    uint64_t bytes_before = 0, bytes = 0;
    std::optional<double> foretold;
    std::span<const JudgedText> judged;
    std::span<const SizeAndDivergence> frontier;  // empty where no types were chosen
    std::span<const TensorCosts> costs;
};

std::string quantize_page(const QuantizePage& page, const QuantizePlan& plan);

}  // namespace linnet
