// Whether a model that was brought over still says what transformers wrote down of it.
#pragma once

#include <string_view>

#include "kernels/select.h"
#include "model/testing/tiny.h"

namespace linnet::testing {

// `name`: of the family folder with what is expected.
inline void expect_golden_logits(const Checkpoint& made, std::string_view name) {
    ThreadPool pool(2);
    const Kernels& kernels = kernels_of(kernel_isas().back());
    for (const Golden& expected : read_golden(family_folder(name) / "golden.safetensors")) {
        // Up to its original context a model with longrope has other factors.
        const bool is_short = name == "phi4-longrope" && expected.ids.size() <= 32;
        Runner runner(must(Model::load(made, Math::F32, pool)), kernels, pool, is_short ? 32 : 96);
        const size_t at_once[] = {1000};
        auto logits = runner.run(std::span(&expected.ids, 1), at_once);
        for (size_t r = 0; r < expected.rows.size(); r++)
            EXPECT_LE(
                distance(logits[0][static_cast<size_t>(expected.rows[r])], expected.logits[r]),
                1e-5);
    }
}

}  // namespace linnet::testing
