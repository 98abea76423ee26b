// linnet prune --sparsity: a model with zeros.
#include "base/text.h"
#include "compress/collect.h"
#include "compress/deflated_size.h"
#include "compress/prune/mask_file.h"
#include "linnet/models.h"
#include "linnet/prune_step.h"

namespace linnet {
namespace {

class MasksStep final : public PruneStep {
  public:
    void declare(Syntax& syntax) override {
        syntax.option("--sparsity", &pattern_text_, "P%|N:M",
                      "weights of the layers' matrices that become zeros: 50%, or 2:4 for two of "
                      "each four neighbours; the file is as large and as fast as before");
        syntax
            .option("--method", &method_name_, "NAME",
                    "which become zeros: sparsegpt (the others make up for them), wanda (by size "
                    "and what they are multiplied with) or magnitude; sparsegpt")
            .one_of({"sparsegpt", "wanda", "magnitude"});
    }

    bool asked() const override { return !pattern_text_.empty(); }
    bool needs_text() const override { return method() != MaskMethod::Magnitude; }

    Result<> check() override {
        if (asked()) pattern_ = TRY(MaskPattern::parse(pattern_text_));
        return Done{};
    }

    Result<> apply(const Task& task) override {
        Context& context = task.context;
        const MaskPlan plan = TRY(plan_masks(task.model, method()));
        auto reader = [&](const Checkpoint& checkpoint) {
            return task.text.fast_reader_of(context, checkpoint);
        };
        MaskedParts::Options options{
            .method = method(), .pattern = pattern_, .kernels = TRY(chosen_kernels(context))};
        Importance importance;
        std::optional<StagedSquares> squares;
        if (needs_text()) {
            const CalibrationParts* text = TRY(task.text.parts(context, task.original));
            if (method() == MaskMethod::Wanda) {
                const TextReader read = TRY(reader(task.model));
                importance = TRY(collect_importance(*read.scorer, read.checkpoint, text->read, {},
                                                    context.progress, context.cancel));
                options.importance = &importance;
            } else {
                squares.emplace(task.model, reader, StagedSquares::Options{.tokens = text->read},
                                context.progress, context.cancel);
                options.squares = &*squares;
            }
        }
        ThreadPool pool(chosen_threads(context, task.model));
        MaskedParts parts(plan, options, pool);
        TRY(write_parts(plan.file, parts, task.out, context.progress, context.cancel));
        count_ = parts.count();
        deflated_before_ = TRY(deflated_size(task.model, pool, context.cancel));
        const Checkpoint written = TRY(Checkpoint::open(task.out));
        deflated_ = TRY(deflated_size(written, pool, context.cancel));
        return Done{};
    }

    void report(Output& output, Json& document) const override {
        const double share =
            static_cast<double>(count_.zeros) / static_cast<double>(count_.weights);
        output.line(cat("zeros: ", fixed(100 * share, 2), " % of the ", count_.weights,
                        " weights of ", count_.matrices, " matrices; zlib would make ",
                        bytes_text(deflated_), " of the file (", bytes_text(deflated_before_),
                        " before), and it runs as fast as before"));
        document.set("masks", Json::object({{"method", method_name_},
                                            {"pattern", pattern_text_},
                                            {"matrices", count_.matrices},
                                            {"weights", count_.weights},
                                            {"zeros", count_.zeros},
                                            {"deflated_bytes", deflated_},
                                            {"deflated_bytes_before", deflated_before_}}));
    }

  private:
    MaskMethod method() const { return *mask_method_named(method_name_); }

    std::string pattern_text_, method_name_ = "sparsegpt";
    MaskPattern pattern_;
    MaskedParts::Count count_;
    uint64_t deflated_ = 0, deflated_before_ = 0;
};

}  // namespace

std::unique_ptr<PruneStep> masks_step() {
    return std::make_unique<MasksStep>();
}

}  // namespace linnet
