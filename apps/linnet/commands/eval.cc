// linnet eval: how good a model is at something.
#include "base/text.h"
#include "eval/across_vocabularies.h"
#include "eval/perplexity.h"
#include "linnet/adapter_options.h"
#include "linnet/models.h"
#include "linnet/scoring.h"

namespace linnet {
namespace {

class EvalCommand final : public Command {
  public:
    void declare(Syntax& syntax) override {
        syntax.positional("MODEL", &model_, "a model file or a name of the store")
            .required()
            .completes(Complete::Model);
        syntax.option("--task", &task_, "TASK", "what to measure: perplexity, kl")
            .one_of({"perplexity", "kl"});
        text_.declare(syntax);
        syntax.option("--reference", &reference_, "MODEL", "of kl: the model to compare with")
            .completes(Complete::Model);
        arithmetic_.declare_math(syntax);
        arithmetic_.declare_kv(syntax);
        syntax.setting("-t,--threads", "run.threads", "N");
        declare_adapters(syntax, lora_);
        syntax.about(
            "Perplexity: e to the mean surprise of a text's tokens; lower is better, and only "
            "models with the same tokens compare. The text is cut into chunks, of which the second "
            "half counts. 'bits a byte' compares models with different tokens.");
        syntax.about(
            "kl: how far the model's predictions are from those of the reference (the "
            "Kullback-Leibler divergence, in nats a token), as compressing a model moves them. A "
            "model that has some of the reference's tokens only is compared where the next token "
            "is the same, with the reference's probabilities of the tokens that both have.");
        syntax.example("linnet eval default --task perplexity --file wiki.txt --chunks 60",
                       "how well the model foretells a text");
        syntax.example("linnet eval q4.gguf --task kl --reference f16.gguf --file wiki.txt",
                       "what was lost on the way");
    }

    Result<> run(Context& context) override {
        const bool kl = task_ == "kl";
        if (kl != !reference_.empty())
            return Error{
                Code::Usage,
                kl ? "there is no model to compare with" : "--reference goes with --task kl only",
                kl ? "name one by --reference" : ""};
        std::string text = TRY(text_.read(context));
        Checkpoint checkpoint = TRY(open_model(context, model_));
        Tokenizer tokenizer = TRY(Tokenizer::from(checkpoint));
        auto scorer = TRY(text_.load(context, checkpoint, model_, arithmetic_, lora_));
        auto tokens = tokenizer.encode(text);
        ChunkOptions options = text_.options(tokenizer, tokens);
        if (kl) return compare(context, {*scorer, tokenizer}, text, tokens);
        Perplexity found =
            TRY(measure_perplexity(*scorer, tokens, options, context.progress, context.cancel));
        write(context, found, text_.bits_a_byte(found, tokenizer, tokens));
        return Done{};
    }

  private:
    Result<> compare(Context& context, const ReadingModel& model, std::string_view text,
                     std::span<const TokenId> tokens) const {
        Checkpoint checkpoint = TRY(open_model(context, reference_));
        auto scorer = TRY(text_.load(context, checkpoint, reference_, arithmetic_));
        if (model.scorer.model().config().vocabulary != scorer->model().config().vocabulary) {
            Tokenizer tokenizer = TRY(Tokenizer::from(checkpoint));
            DivergenceAcross found = TRY(measure_divergence_across(
                model, {*scorer, tokenizer}, text, static_cast<size_t>(text_.chunks),
                context.progress, context.cancel));
            write(context, found.alike, &found);
            return Done{};
        }
        Divergence found = TRY(measure_divergence(model.scorer, *scorer, tokens,
                                                  text_.options(model.tokenizer, tokens),
                                                  context.progress, context.cancel));
        write(context, found, nullptr);
        return Done{};
    }

    void write(Context& context, const Perplexity& found, double bits) const {
        context.output.line(cat("perplexity ", fixed(found.value, 4), " ± ",
                                fixed(found.standard_error, 4), ", ", fixed(bits, 4),
                                " bits a byte; ", found.tokens, " tokens of ", found.chunks,
                                " chunks of ", text_.context));
        context.output.document(Json::object({{"model", model_},
                                              {"task", task_},
                                              {"perplexity", found.value},
                                              {"perplexity_error", found.standard_error},
                                              {"bits_per_byte", bits},
                                              {"tokens", found.tokens},
                                              {"chunks", found.chunks},
                                              {"ctx", text_.context},
                                              {"math", arithmetic_.math_name()}}));
    }

    void write(Context& context, const Divergence& found, const DivergenceAcross* across) const {
        auto percent = [](double share) { return cat(fixed(100 * share, 2), " %"); };
        context.output.line(cat(
            "divergence ", fixed(found.mean, 6), " ± ", fixed(found.standard_error, 6),
            " nats a token (95 %: ", fixed(found.low(), 6), " … ", fixed(found.high(), 6), ")"));
        context.output.line(cat("half below ", fixed(found.median, 6), ", 90 % below ",
                                fixed(found.p90, 6), ", 99 % below ", fixed(found.p99, 6),
                                ", at most ", fixed(found.most, 4)));
        context.output.line(cat("the same likeliest token ", percent(found.same_top), " ± ",
                                percent(found.same_top_error)));
        context.output.line(cat("perplexity ", fixed(found.perplexity, 4), ", of the reference ",
                                fixed(found.reference_perplexity, 4), "; ", found.tokens,
                                " tokens of ", found.chunks, " chunks of ", text_.context));
        if (across)
            context.output.line(cat("compared where both cut the text alike, ",
                                    percent(across->share), " of the reference's tokens; ",
                                    fixed(across->context, 6), " nats at the ",
                                    across->context_tokens, " whose context is cut alike too"));
        Json document = Json::object({{"model", model_},
                                      {"task", task_},
                                      {"reference", reference_},
                                      {"divergence", found.mean},
                                      {"divergence_error", found.standard_error},
                                      {"divergence_low", found.low()},
                                      {"divergence_high", found.high()},
                                      {"median", found.median},
                                      {"p90", found.p90},
                                      {"p95", found.p95},
                                      {"p99", found.p99},
                                      {"p999", found.p999},
                                      {"most", found.most},
                                      {"same_top", found.same_top},
                                      {"same_top_error", found.same_top_error},
                                      {"perplexity", found.perplexity},
                                      {"reference_perplexity", found.reference_perplexity},
                                      {"tokens", found.tokens},
                                      {"chunks", found.chunks},
                                      {"ctx", text_.context},
                                      {"math", arithmetic_.math_name()}});
        if (across) {
            document.set("alike", across->share);
            document.set("same_context_divergence", across->context);
            document.set("same_context_tokens", across->context_tokens);
        }
        context.output.document(std::move(document));
    }

    std::vector<std::string> lora_;
    std::string model_, task_ = "perplexity", reference_;
    ScoredText text_;
    Arithmetic arithmetic_;
};

}  // namespace

std::unique_ptr<Command> eval_command() {
    return std::make_unique<EvalCommand>();
}

}  // namespace linnet
