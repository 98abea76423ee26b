// A model with narrower layers: fewer attention heads, or fewer channels of the feed-forward, as
// many in each layer, since files have one number for all. What each is worth is what its columns
// of the matrix behind it are worth (attn_output, ffn_down: removal.h), whose others are then
// refitted to make up for them.
#pragma once

#include <span>
#include <vector>

#include "compress/prune/part_file.h"
#include "compress/prune/removal.h"
#include "compress/prune/staged_squares.h"

namespace linnet {

enum class Narrowing { Heads, Channels };

struct NarrowPlan {
    PartPlan file;
    Narrowing kind;
    uint32_t before, after;  // key-value heads (with their query heads), or channels, of each layer
    std::vector<const Tensor*> outputs;  // of each layer the matrix that loses columns
};

// Unsupported for a family in which this cannot be, Usage where nothing would be left or nothing
// would go, BadInput where tensors are not of the sizes that the settings name.
Result<NarrowPlan> plan_narrowing(const Checkpoint& checkpoint, Narrowing kind, uint32_t after);

// Chooses what goes layer by layer, while the file is written.
class NarrowedParts final : public PartSource {
  public:
    struct Options {
        bool refit = true;
        InputSquares::Damping damping{};
    };
    // All are borrowed.
    NarrowedParts(const NarrowPlan& plan, StagedSquares& squares, const Options& options,
                  ThreadPool& pool)
        : plan_(plan), squares_(squares), options_(options), pool_(pool) {}

    Result<Bytes> bytes_of(const PlannedPart& part) override;

    struct Layer {
        std::vector<uint32_t> kept;  // ascending
        double error = 0;            // share of the products' squares that is lost
    };
    // Of all layers, when the file is written.
    std::span<const Layer> layers() const { return layers_; }

  private:
    Result<> choose(uint32_t layer);
    void keep_rows(const Tensor& tensor, const Layer& layer);

    const NarrowPlan& plan_;
    StagedSquares& squares_;
    Options options_;
    ThreadPool& pool_;
    std::vector<Layer> layers_;
    std::vector<std::byte> held_;    // the latest part
    std::vector<std::byte> output_;  // of the latest layer
};

}  // namespace linnet
