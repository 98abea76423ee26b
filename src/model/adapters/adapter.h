// An adapter ready for one model: what it adds at each of the model's places. Immutable; any number
// of requests may use it at once. The model's weights stay as they are.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "model/adapters/adapter_file.h"
#include "model/adapters/low_rank.h"
#include "model/model.h"

namespace linnet {

class Adapter {
  public:
    // Unsupported where it is for another architecture or changes what linnet does not adapt,
    // BadInput where its shapes are not the model's.
    static Result<std::shared_ptr<const Adapter>> load(const AdapterFile& file,
                                                       std::shared_ptr<const Model> model);

    struct Change {
        LowRankUpdate update;
        float scale;  // the adapter's own: alpha / rank
    };
    // What it adds to the product with the matrix of that site; null where it adds nothing.
    const Change* at(uint32_t site) const {
        return site < places_.size() && places_[site] != AdapterSite::none
                   ? &changes_[places_[site]]
                   : nullptr;
    }

    const Model& model() const { return *model_; }
    size_t changes() const { return changes_.size(); }
    uint64_t bytes() const;  // that it takes besides the model

  private:
    explicit Adapter(std::shared_ptr<const Model> model) : model_(std::move(model)) {}

    std::shared_ptr<const Model> model_;
    std::vector<Change> changes_;
    std::vector<uint32_t> places_;  // of each site among the changes
};

}  // namespace linnet
