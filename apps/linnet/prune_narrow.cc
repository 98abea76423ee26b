// linnet prune --heads and --channels: a model with narrower layers.
#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "compress/prune/narrow.h"
#include "compress/prune/prunable.h"
#include "linnet/models.h"
#include "linnet/prune_step.h"

namespace linnet {
namespace {

// "2" or "25%".
struct Amount {
    double number = 0;
    bool is_share = false;

    static Result<Amount> parse(std::string_view text, std::string_view flag) {
        Amount out;
        out.is_share = text.ends_with('%');
        auto number = parse_number(out.is_share ? text.substr(0, text.size() - 1) : text);
        const bool fits =
            number && *number > 0 &&
            (out.is_share ? *number < 100 : *number <= 1 << 20 && *number == std::floor(*number));
        if (!fits)
            return Error{Code::Usage,
                         cat(flag, " '", printable(text, 40), "' is neither a number nor a share"),
                         "write 2 or 25%"};
        out.number = *number;
        return out;
    }
    // How many of `all` are left, a multiple of `multiple` nearest to what was asked for.
    uint32_t left_of(uint32_t all, uint32_t multiple) const {
        const double left = is_share ? all * (1 - number / 100) : std::max(all - number, 0.0);
        return static_cast<uint32_t>(std::lround(left / multiple)) * multiple;
    }
};

class NarrowStep : public PruneStep {
  public:
    NarrowStep(Narrowing kind, std::string_view flag) : kind_(kind), flag_(flag) {}

    bool asked() const override { return !text_.empty(); }

    Result<> check() override {
        if (asked()) amount_ = TRY(Amount::parse(text_, flag_));
        return Done{};
    }

    Result<> apply(const Task& task) override {
        Context& context = task.context;
        const PrunableModel model = TRY(PrunableModel::of(task.model));
        before_ = kind_ == Narrowing::Heads ? model.kv_heads : model.channels;
        after_ = amount_.left_of(before_, multiple());
        const NarrowPlan plan = TRY(plan_narrowing(task.model, kind_, after_));
        const CalibrationParts* text = TRY(task.text.parts(context, task.original));
        auto reader = [&](const Checkpoint& checkpoint) {
            return task.text.fast_reader_of(context, checkpoint);
        };
        StagedSquares squares(task.model, reader, {.tokens = text->read}, context.progress,
                              context.cancel);
        ThreadPool pool(chosen_threads(context, task.model));
        NarrowedParts parts(plan, squares, {.refit = refits()}, pool);
        TRY(write_parts(plan.file, parts, task.out, context.progress, context.cancel));
        layers_.assign(parts.layers().begin(), parts.layers().end());
        return Done{};
    }

    void report(Output& output, Json& document) const override {
        const bool heads = kind_ == Narrowing::Heads;
        double most = 0;
        Json layers = Json::array();
        for (const NarrowedParts::Layer& layer : layers_) {
            most = std::max(most, layer.error);
            Json each = Json::object({{"error", layer.error}});
            if (heads) {
                Json kept = Json::array();
                for (uint32_t head : layer.kept) kept.push(head);
                each.set("kept", std::move(kept));
            }
            layers.push(std::move(each));
        }
        output.line(cat(heads ? "key-value heads" : "channels", " of a layer: ", after_, " of ",
                        before_, "; the products behind them lose at most ", fixed(100 * most, 1),
                        " % of their squares"));
        document.set(
            heads ? "heads" : "channels",
            Json::object({{"before", before_}, {"after", after_}, {"layers", std::move(layers)}}));
    }

  protected:
    virtual uint32_t multiple() const { return 1; }
    virtual bool refits() const { return true; }
    std::string text_;

  private:
    Narrowing kind_;
    std::string_view flag_;
    Amount amount_;
    uint32_t before_ = 0, after_ = 0;
    std::vector<NarrowedParts::Layer> layers_;
};

class HeadsStep final : public NarrowStep {
  public:
    HeadsStep() : NarrowStep(Narrowing::Heads, "--heads") {}
    void declare(Syntax& syntax) override {
        syntax.option(
            "--heads", &text_, "N|P%",
            "key-value heads to drop in each layer, with the query heads that share them");
    }
};

class ChannelsStep final : public NarrowStep {
  public:
    ChannelsStep() : NarrowStep(Narrowing::Channels, "--channels") {}
    void declare(Syntax& syntax) override {
        syntax.option("--channels", &text_, "N|P%",
                      "channels of the feed-forward to drop in each layer");
        syntax
            .option(
                "--multiple", &multiple_, "N",
                "leave a multiple of so many channels, which blocks of a number format fill; 32")
            .between(1, 4096);
    }

  protected:
    uint32_t multiple() const override { return static_cast<uint32_t>(multiple_); }

  private:
    int64_t multiple_ = 32;
};

}  // namespace

std::unique_ptr<PruneStep> heads_step() {
    return std::make_unique<HeadsStep>();
}

std::unique_ptr<PruneStep> channels_step() {
    return std::make_unique<ChannelsStep>();
}

}  // namespace linnet
