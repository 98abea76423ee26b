// linnet embed: texts to vectors.
#include "base/text.h"
#include "engine/embedder.h"
#include "linnet/encoder_options.h"
#include "linnet/models.h"

namespace linnet {
namespace {

class EmbedCommand final : public Command {
  public:
    void declare(Syntax& syntax) override {
        syntax.positional("MODEL", &model_, "a model file or a name of the store")
            .required()
            .completes(Complete::Model);
        syntax.positional("TEXT", &texts_, "texts; without any, the lines of standard input");
        syntax
            .option("--pooling", &pooling_, "KIND",
                    "mean, cls or last: which tokens make the vector; default: the model's")
            .one_of({"mean", "cls", "last"});
        syntax
            .option("--dimensions", &dimensions_, "N",
                    "the first N values of each vector; 0: all. Only for models trained for it")
            .between(0, 1 << 16);
        syntax.flag("--no-normalize", no_normalize_, "leave the vectors as long as they come");
        syntax.flag("--query", query_, "the texts are questions: put the model's prefix in front");
        syntax.flag("--document", document_, "the texts are to be found: the prefix of these");
        options_.declare(syntax);
        syntax.about(
            "A vector a text, as a line of numbers. Texts that mean the same have vectors that "
            "point the same way: the sum of the products of their values is near one. Any model "
            "gives vectors; those made for it give better ones.");
        syntax.example("linnet embed all-minilm-l6-v2 'A cat sits.' 'There is a cat.' --json",
                       "two vectors");
        syntax.example("linnet embed all-minilm-l6-v2 < lines.txt", "a vector for each line");
    }

    Result<> run(Context& context) override {
        if (query_ && document_)
            return Error{Code::Usage, "a text is a query or a document, not both",
                         "use --query or --document"};
        auto texts = TRY(texts_or_lines(context, texts_));
        Checkpoint checkpoint = TRY(open_model(context, model_));
        auto opened = Embedder::open(checkpoint, options_.math(), *TRY(chosen_kernels(context)),
                                     options_.options(context));
        if (!opened) return std::move(opened).error().within(printable(model_));
        Embedder& embedder = **opened;
        EmbedOptions how{.dimensions = static_cast<size_t>(dimensions_),
                         .normalize = !no_normalize_,
                         .role = query_      ? TextRole::Query
                                 : document_ ? TextRole::Document
                                             : TextRole::Plain};
        if (!pooling_.empty()) how.pooling = parse_pooling(pooling_);
        auto embeddings = TRY(embedder.embed(texts, how, context.cancel));
        write(context, embeddings, how.pooling.value_or(embedder.style().pooling));
        return Done{};
    }

  private:
    void write(Context& context, std::span<const Embedding> embeddings, Pooling pooling) const {
        size_t cut = 0, tokens = 0;
        Json list = Json::array();
        for (const Embedding& embedding : embeddings) {
            cut += embedding.cut;
            tokens += embedding.tokens;
            std::string line;
            Json values = Json::array();
            for (float value : embedding.values) {
                if (!context.output.json()) line += cat(line.empty() ? "" : " ", fixed(value, 6));
                values.push(static_cast<double>(value));
            }
            context.output.line(line);
            list.push(Json::object({{"values", std::move(values)},
                                    {"tokens", embedding.tokens},
                                    {"cut", embedding.cut}}));
        }
        if (cut > 0)
            context.output.warn(cat(cut, cut == 1 ? " text was" : " texts were",
                                    " longer than the model takes, and only the beginning counts"));
        context.output.document(Json::object({{"model", model_},
                                              {"pooling", pooling_name(pooling)},
                                              {"dimensions", embeddings[0].values.size()},
                                              {"normalized", !no_normalize_},
                                              {"tokens", tokens},
                                              {"embeddings", std::move(list)}}));
    }

    std::string model_, pooling_;
    std::vector<std::string> texts_;
    int64_t dimensions_ = 0;
    bool no_normalize_ = false, query_ = false, document_ = false;
    EncoderModelOptions options_;
};

}  // namespace

std::unique_ptr<Command> embed_command() {
    return std::make_unique<EmbedCommand>();
}

}  // namespace linnet
