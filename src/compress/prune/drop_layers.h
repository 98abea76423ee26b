// A model with fewer layers: which ones its predictions miss least, and the file without them.
//
// Each layer adds to a residual stream, so one that adds nothing is one that is not there. The
// divergence of the model without each is measured, the least harmful layer goes, and those that
// came close to it are measured anew without it, as layers make up for each other (Men et al.,
// ShortGPT, 2024, rank once, by the cosine of what goes in and comes out).
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "base/threads.h"
#include "compress/prune/part_file.h"
#include "kernels/kernels.h"

namespace linnet {

// How the model is run to rank its layers.
struct LayerTrialOptions {
    const Kernels& kernels;
    std::span<const int32_t> tokens;  // of a text like those that the model is for
    size_t chunk_tokens = 512;
    size_t chunks = 2;  // fewer where the text is shorter
};

struct DroppedLayer {
    uint32_t layer;
    double divergence;  // in nats a token, without it and those that went before
};

struct LayerRanking {
    std::vector<double> alone;          // divergence without each layer
    std::vector<DroppedLayer> dropped;  // in the order in which they went
};

// Which `count` layers go. Unsupported for a family whose layers cannot be renumbered, Usage where
// no layer would stay.
Result<LayerRanking> rank_layers(const Checkpoint& checkpoint, size_t count,
                                 const LayerTrialOptions& options, ThreadPool& pool,
                                 Progress& progress, const Cancel& cancel);

// The file without some layers; the others are numbered anew. Errors as above, and Usage for a
// layer that is not there or comes twice.
Result<PartPlan> plan_without_layers(const Checkpoint& checkpoint,
                                     std::span<const uint32_t> dropped);

// The same model with some layers that add nothing.
Checkpoint with_silent_layers(const Checkpoint& checkpoint, std::span<const uint32_t> silent);

// The layer that a tensor is part of, and what follows in its name: "blk.3.attn_q.weight" is 3 and
// "attn_q.weight".
struct LayerTensor {
    uint32_t layer;
    std::string_view part;
    static std::optional<LayerTensor> parse(std::string_view name);
};

}  // namespace linnet
