// linnet eval: how good a model is at something.
#include <cmath>

#include "base/memory.h"
#include "base/text.h"
#include "eval/perplexity.h"
#include "linnet/adapter_options.h"
#include "linnet/arithmetic.h"
#include "linnet/input.h"
#include "linnet/models.h"
#include "text/tokenizer.h"

namespace linnet {
namespace {

class EvalCommand final : public Command {
  public:
    void declare(Syntax& syntax) override {
        syntax.positional("MODEL", &model_, "a model file or a name of the store")
            .required()
            .completes(Complete::Model);
        syntax.option("--task", &task_, "TASK", "what to measure: perplexity")
            .one_of({"perplexity"});
        syntax.option("--file", &file_, "FILE", "the text; - is standard input")
            .completes(Complete::File);
        syntax.option("--ctx", &context_, "TOKENS", "tokens of a chunk").between(2, 1 << 24);
        syntax.option("--chunks", &chunks_, "N", "the first N chunks; 0: all").between(0, 1 << 24);
        arithmetic_.declare_math(syntax);
        arithmetic_.declare_kv(syntax);
        syntax.setting("-t,--threads", "run.threads", "N");
        declare_adapters(syntax, lora_);
        syntax.about(
            "Perplexity: e to the mean surprise of a text's tokens; lower is better, and only "
            "models with the same tokens compare. The text is cut into chunks, of which the second "
            "half counts. 'bits a byte' compares models with different tokens.");
        syntax.example("linnet eval default --task perplexity --file wiki.txt --chunks 60",
                       "how well the model foretells a text");
    }

    Result<> run(Context& context) override {
        if (file_.empty())
            return Error{Code::Usage, "there is no text to measure on", "name one by --file"};
        constexpr uint64_t text_max = 1 << 30;
        std::string text = file_ == "-"
                               ? TRY(read_input(context))
                               : TRY(read_file(expand_home(file_, context.paths.home), text_max));
        Checkpoint checkpoint = TRY(open_model(context, model_));
        Tokenizer tokenizer = TRY(Tokenizer::from(checkpoint));
        auto scorer = make_scorer(context, checkpoint);
        if (!scorer) return std::move(scorer).error().within(printable(model_));
        auto tokens = tokenizer.encode(text);
        PerplexityOptions options{.chunks_max = static_cast<size_t>(chunks_)};
        if (tokenizer.adds_bos() && !tokens.empty()) options.first_token = tokens.front();
        Perplexity found =
            TRY(measure_perplexity(**scorer, tokens, options, context.progress, context.cancel));
        write(context, found, bits_a_byte(found, tokenizer, tokens));
        return Done{};
    }

  private:
    Result<std::unique_ptr<Scorer>> make_scorer(Context& context,
                                                const Checkpoint& checkpoint) const {
        const Kernels& kernels = *TRY(chosen_kernels(context));
        ThreadPool loading(chosen_threads(context));
        auto model = TRY(Model::load(checkpoint, arithmetic_.math(), loading));
        auto names = TRY(parse_adapters(context, lora_));
        return Scorer::make(model, kernels,
                            {.threads = chosen_threads(context),
                             .context = static_cast<uint32_t>(context_),
                             .kv = arithmetic_.kv(),
                             .memory_max = available_memory(),
                             .adapters = TRY(load_adapters(context, names, model))});
    }

    // By the bytes of the chunks' tokens, of which about half were counted.
    double bits_a_byte(const Perplexity& found, const Tokenizer& tokenizer,
                       std::span<const TokenId> tokens) const {
        size_t used = found.chunks * static_cast<size_t>(context_), bytes = 0;
        for (TokenId id : tokens.first(used)) bytes += tokenizer.bytes(id).size();
        double tokens_a_byte = static_cast<double>(used) / static_cast<double>(bytes);
        return found.surprise / std::log(2.0) * tokens_a_byte;
    }

    void write(Context& context, const Perplexity& found, double bits) const {
        context.output.line(cat("perplexity ", fixed(found.value, 4), " ± ",
                                fixed(found.standard_error, 4), ", ", fixed(bits, 4),
                                " bits a byte; ", found.tokens, " tokens of ", found.chunks,
                                " chunks of ", context_));
        context.output.document(Json::object({{"model", model_},
                                              {"task", task_},
                                              {"perplexity", found.value},
                                              {"perplexity_error", found.standard_error},
                                              {"bits_per_byte", bits},
                                              {"tokens", found.tokens},
                                              {"chunks", found.chunks},
                                              {"ctx", context_},
                                              {"math", arithmetic_.math_name()}}));
    }

    std::vector<std::string> lora_;
    std::string model_, task_ = "perplexity", file_;
    Arithmetic arithmetic_;
    int64_t context_ = 512, chunks_ = 0;
};

}  // namespace

std::unique_ptr<Command> eval_command() {
    return std::make_unique<EvalCommand>();
}

}  // namespace linnet
