// linnet prune: a model with fewer parts.
#include <unistd.h>

#include <algorithm>
#include <numeric>

#include "base/text.h"
#include "linnet/gguf_input.h"
#include "linnet/passing_file.h"
#include "linnet/prune_judge.h"
#include "linnet/prune_step.h"
#include "linnet/quantize_speed.h"

namespace linnet {
namespace {

uint64_t weights_of(const Checkpoint& checkpoint) {
    return std::accumulate(checkpoint.tensors().begin(), checkpoint.tensors().end(), uint64_t{0},
                           [](uint64_t sum, const Tensor& tensor) { return sum + tensor.values; });
}

class PruneCommand final : public Command {
  public:
    void declare(Syntax& syntax) override {
        syntax.positional("IN", &in_, "a GGUF file, a Hugging Face folder or a name of the store")
            .required()
            .completes(Complete::Model);
        syntax.positional("OUT", &out_, "the GGUF file to write")
            .required()
            .completes(Complete::File);
        for (auto& step : steps_) step->declare(syntax);
        calibration_.declare(syntax);
        judge_.declare(syntax);
        syntax.flag("--speed", speed_, "measure how fast both models answer here");
        syntax.setting("-t,--threads", "run.threads", "N");
        syntax.about(
            "Leaves out what a model needs least. --layers drops whole layers: the divergence of "
            "the model without each is measured on --calibration, the least harmful one goes, and "
            "so on. --heads and --channels make all layers narrower, by as much in each: what a "
            "head or channel is worth is what the matrix behind it would lose with the others "
            "making up for it, and then they are refitted so that they do.");
        syntax.about(
            "--sparsity makes weights zeros, and nothing smaller or faster: files and kernels have "
            "all weights, zeros or not. It serves those whose other programs make use of zeros, "
            "and "
            "what a file would take that is compressed is told.");
        syntax.about(
            "--vocab leaves out the tokens that texts like --corpus use least, with their rows of "
            "the embedding and the head; all other numbers stay as they are. Bytes, control tokens "
            "and what kept tokens are merged from stay, so every text can still be read and "
            "written: what has no token any more becomes several.");
        syntax.about(
            "Several of these may be asked for at once; they are applied in this order. Then the "
            "models before and after read what was held back of the calibration, and --file (with "
            "--vocab the first corpus where none is named): bits a byte and perplexity tell what "
            "the text is foretold worse, and the divergence how far predictions moved, as linnet "
            "eval --task kl.");
        syntax.example("linnet prune model.gguf small.gguf --layers 3 --calibration texts.txt",
                       "without the three layers that matter least");
        syntax.example("linnet prune model.gguf small.gguf --channels 25% --calibration texts.txt",
                       "a feed-forward narrower by a quarter");
        syntax.example("linnet prune model.gguf sparse.gguf --sparsity 2:4 --calibration texts.txt",
                       "two zeros of each four weights");
        syntax.example("linnet prune model.gguf small.gguf --vocab 32k --corpus texts.txt",
                       "the 32000 tokens that the texts use most");
    }

    Result<> run(Context& context) override {
        TRY(check());
        Path in = TRY(find_model(context, in_)), out = expand_home(out_, context.paths.home);
        std::error_code ignored;
        if (std::filesystem::equivalent(in, out, ignored))
            return Error{Code::Usage, cat(out, " is the model itself"), "name another file"};
        Checkpoint original = TRY(open_as_gguf(context, in_, folder_of(out)));
        Checkpoint small = TRY(apply_steps(context, original, out));
        if (judge_.wanted()) {
            if (calibration_.given() && vocabulary_of(original) == vocabulary_of(small))
                TRY(judge_.on_held_back(context, calibration_, original, small));
            TRY(judge_.on_text(context, {original, in_}, {small, out_}));
        }
        if (speed_)
            speeds_ = {TRY(answer_speed(context, original)), TRY(answer_speed(context, small))};
        write(context, original, small, out);
        return Done{};
    }

  private:
    Result<> check() {
        TRY(calibration_.check());
        bool asked = false, needs_text = false;
        for (auto& step : steps_) {
            TRY(step->check());
            asked |= step->asked();
            needs_text |= step->asked() && step->needs_text();
            if (step->asked()) judge_.use_text(step->usual_text());
        }
        if (!asked)
            return Error{Code::Usage, "nothing is to be left out",
                         "ask for --layers, --heads, --channels, --sparsity or --vocab"};
        if (needs_text && !calibration_.given())
            return Error{Code::Usage, "what matters least is measured, and there is no text for it",
                         "name one like those that the model is for by --calibration"};
        return Done{};
    }

    // Each step writes a file; all but the last are gone when they have been read.
    Result<Checkpoint> apply_steps(Context& context, const Checkpoint& original, const Path& out) {
        std::vector<PruneStep*> asked;
        for (auto& step : steps_)
            if (step->asked()) asked.push_back(step.get());
        Checkpoint model = original;
        for (PruneStep* step : asked) {
            const bool last = step == asked.back();
            const PassingFile passing(folder_of(out) / cat(".linnet-prune-", getpid(), ".gguf"));
            const Path& to = last ? out : passing.path();
            auto done = step->apply({context, calibration_, original, model, to});
            if (!done) return std::move(done).error().within(printable(in_));
            model = TRY(Checkpoint::open(to));
        }
        return model;
    }

    static uint64_t vocabulary_of(const Checkpoint& checkpoint) {
        auto tokens = checkpoint.metadata().array_of("tokenizer.ggml.tokens");
        return tokens ? tokens->size() : 0;
    }

    void write(Context& context, const Checkpoint& original, const Checkpoint& small,
               const Path& out) const {
        const uint64_t weights = weights_of(small), before = weights_of(original);
        context.output.line(cat("wrote ", out, ": ", bytes_text(small.file_bytes()), " (",
                                bytes_text(original.file_bytes()), " before), ", weights,
                                " weights (", before, " before)"));
        Json document = Json::object({{"model", in_},
                                      {"path", out.string()},
                                      {"bytes", small.file_bytes()},
                                      {"bytes_before", original.file_bytes()},
                                      {"weights", weights},
                                      {"weights_before", before}});
        for (const auto& step : steps_)
            if (step->asked()) step->report(context.output, document);
        judge_.report(context.output, document);
        if (speeds_) {
            context.output.line(cat("answers: ", fixed(speeds_->second, 1), " tokens a second (",
                                    fixed(speeds_->first, 1), " before)"));
            document.set("tokens_per_second", speeds_->second);
            document.set("tokens_per_second_before", speeds_->first);
        }
        context.output.document(std::move(document));
    }

    std::string in_, out_;
    std::vector<std::unique_ptr<PruneStep>> steps_ = prune_steps();
    QuantizeText calibration_;
    PruneJudge judge_;
    bool speed_ = false;
    std::optional<std::pair<double, double>> speeds_;  // before, after
};

}  // namespace

std::unique_ptr<Command> prune_command() {
    return std::make_unique<PruneCommand>();
}

}  // namespace linnet
