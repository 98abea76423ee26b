#include "linnet/prune_step.h"

namespace linnet {

std::vector<std::unique_ptr<PruneStep>> prune_steps() {
    std::vector<std::unique_ptr<PruneStep>> out;
    for (auto make : {layers_step, heads_step, channels_step, masks_step, vocabulary_step})
        out.push_back(make());
    return out;
}

}  // namespace linnet
