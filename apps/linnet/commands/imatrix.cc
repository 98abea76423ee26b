// linnet imatrix: how much the columns of a model's matrices matter.
#include "base/text.h"
#include "compress/collect.h"
#include "linnet/models.h"
#include "linnet/scoring.h"

namespace linnet {
namespace {

class ImatrixCommand final : public Command {
  public:
    void declare(Syntax& syntax) override {
        syntax.positional("MODEL", &model_, "a GGUF file or a name of the store")
            .required()
            .completes(Complete::Model);
        syntax.option("-o,--out", &out_, "FILE", "where to write it; imatrix.gguf")
            .completes(Complete::File);
        text_.declare(syntax);
        syntax.flag("--head", head_, "the head as well, which llama-imatrix leaves out");
        arithmetic_.declare_math(syntax);
        syntax.setting("-t,--threads", "run.threads", "N");
        syntax.about(
            "Reads a text with the model and keeps, for each column of each matrix, the mean "
            "square "
            "of what it is multiplied with: an importance matrix, by which linnet quantize and "
            "llama-quantize keep closest what matters most. Some ten thousand tokens are enough; "
            "take a text like those that the model is for, and measure on another.");
        syntax.example("linnet imatrix f16.gguf --file train.txt --chunks 40 -o imatrix.gguf",
                       "of 20480 tokens");
    }

    Result<> run(Context& context) override {
        std::string text = TRY(text_.read(context));
        Checkpoint checkpoint = TRY(open_model(context, model_));
        Tokenizer tokenizer = TRY(Tokenizer::from(checkpoint));
        auto scorer = TRY(text_.load(context, checkpoint, model_, arithmetic_));
        auto tokens = tokenizer.encode(text);
        CollectOptions options{.chunks = text_.options(tokenizer, tokens), .head = head_};
        Importance found = TRY(collect_importance(*scorer, checkpoint, tokens, options,
                                                  context.progress, context.cancel));
        found.datasets = {text_.file};
        Path out = expand_home(out_, context.paths.home);
        TRY(found.write(out));
        context.output.line(cat("wrote ", out, ": ", found.entries.size(), " tensors, ",
                                found.chunks, " chunks of ", found.chunk_tokens, " tokens"));
        context.output.document(Json::object({{"model", model_},
                                              {"path", out.string()},
                                              {"tensors", found.entries.size()},
                                              {"chunks", found.chunks},
                                              {"ctx", found.chunk_tokens},
                                              {"math", arithmetic_.math_name()}}));
        return Done{};
    }

  private:
    std::string model_, out_ = "imatrix.gguf";
    ScoredText text_;
    Arithmetic arithmetic_;
    bool head_ = false;
};

}  // namespace

std::unique_ptr<Command> imatrix_command() {
    return std::make_unique<ImatrixCommand>();
}

}  // namespace linnet
