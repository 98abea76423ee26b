// linnet prune --layers: a model with fewer layers.
#include <algorithm>
#include <optional>

#include "base/text.h"
#include "compress/prune/drop_layers.h"
#include "linnet/models.h"
#include "linnet/number_list.h"
#include "linnet/prune_step.h"

namespace linnet {
namespace {

class LayersStep final : public PruneStep {
  public:
    void declare(Syntax& syntax) override {
        syntax
            .option("--layers", &count_, "N",
                    "layers to drop: those that predictions on --calibration miss least")
            .between(1, 1024);
        syntax.option("--keep-layers", &keep_, "LIST",
                      "the layers to keep instead, from 0, such as 0-20,24");
    }

    bool asked() const override { return count_ || !keep_.empty(); }
    bool needs_text() const override { return count_.has_value(); }

    Result<> check() override {
        if (count_ && !keep_.empty())
            return Error{Code::Usage, "--layers says how many layers go, --keep-layers which stay",
                         "leave out one of the two"};
        if (!keep_.empty()) kept_ = TRY(parse_number_list(keep_, "--keep-layers"));
        return Done{};
    }

    Result<> apply(const Task& task) override {
        Context& context = task.context;
        before_ = static_cast<uint32_t>(layers_of(task.model));
        if (count_) {
            const CalibrationParts* parts = TRY(task.text.parts(context, task.original));
            ThreadPool pool(chosen_threads(context, task.model));
            const Kernels& kernels = *TRY(chosen_kernels(context));
            ranking_ = TRY(rank_layers(task.model, static_cast<size_t>(*count_),
                                       {.kernels = kernels, .tokens = parts->read}, pool,
                                       context.progress, context.cancel));
            for (const DroppedLayer& each : ranking_.dropped) gone_.push_back(each.layer);
        } else {
            for (uint32_t layer = 0; layer < before_; layer++)
                if (std::ranges::find(kept_, layer) == kept_.end()) gone_.push_back(layer);
            for (uint32_t layer : kept_)
                if (layer >= before_)
                    return Error{
                        Code::Usage,
                        cat("--keep-layers names layer ", layer, ", and the last is ", before_ - 1),
                        "name others"};
        }
        PartPlan plan = TRY(plan_without_layers(task.model, gone_));
        UnchangedParts parts;
        return write_parts(plan, parts, task.out, context.progress, context.cancel);
    }

    void report(Output& output, Json& document) const override {
        std::vector<std::string> names;
        Json dropped = Json::array();
        for (size_t i = 0; i < gone_.size(); i++) {
            const bool ranked = i < ranking_.dropped.size();
            names.push_back(ranked
                                ? cat(gone_[i], " (", fixed(ranking_.dropped[i].divergence, 4), ")")
                                : cat(gone_[i]));
            Json each = Json::object({{"layer", gone_[i]}});
            if (ranked) each.set("divergence", ranking_.dropped[i].divergence);
            dropped.push(std::move(each));
        }
        output.line(cat(
            "layers: ", before_ - gone_.size(), " of ", before_, "; without ", join(names, ", "),
            ranking_.dropped.empty() ? "" : " (divergence so far, on the calibration)"));
        Json alone = Json::array();
        for (double each : ranking_.alone) alone.push(each);
        document.set("layers",
                     Json::object({{"before", before_},
                                   {"after", before_ - static_cast<uint32_t>(gone_.size())},
                                   {"dropped", std::move(dropped)},
                                   {"divergence_without_each", std::move(alone)}}));
    }

  private:
    static uint64_t layers_of(const Checkpoint& model) {
        const Metadata& metadata = model.metadata();
        const auto family = metadata.string_of("general.architecture").value_or("");
        return std::min<uint64_t>(metadata.uint_of(cat(family, ".block_count")).value_or(0), 1024);
    }

    std::optional<int64_t> count_;
    std::string keep_;
    std::vector<uint32_t> kept_, gone_;
    uint32_t before_ = 0;
    LayerRanking ranking_;
};

}  // namespace

std::unique_ptr<PruneStep> layers_step() {
    return std::make_unique<LayersStep>();
}

}  // namespace linnet
