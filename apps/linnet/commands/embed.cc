// linnet embed: texts to vectors.
#include <algorithm>

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
        Json list = Json::array();
        size_t cut = 0, tokens = 0;
        // In parts, so that vectors come out as they are made.
        constexpr size_t part = 256;
        for (size_t i = 0; i < texts.size(); i += part) {
            auto some = std::span(texts).subspan(i, std::min(part, texts.size() - i));
            for (const Embedding& embedding : TRY(embedder.embed(some, how, context.cancel))) {
                cut += embedding.cut;
                tokens += embedding.tokens;
                TRY(write(context, embedding, list));
            }
            context.output.flush();
        }
        if (cut > 0)
            context.output.warn(cat(cut, cut == 1 ? " text was" : " texts were",
                                    " longer than the model takes, and only the beginning counts"));
        size_t dimensions = how.dimensions > 0 ? how.dimensions : embedder.dimensions();
        Pooling pooling = how.pooling.value_or(embedder.style().pooling);
        context.output.document(Json::object({{"model", model_},
                                              {"pooling", pooling_name(pooling)},
                                              {"dimensions", dimensions},
                                              {"normalized", !no_normalize_},
                                              {"tokens", tokens},
                                              {"embeddings", std::move(list)}}));
        return Done{};
    }

  private:
    static Result<> write(Context& context, const Embedding& embedding, Json& list) {
        if (!context.output.json()) {
            std::string line;
            for (float value : embedding.values)
                line += cat(line.empty() ? "" : " ", fixed(value, 6));
            context.output.line(line);
            return Done{};
        }
        constexpr size_t values_max = 8'000'000;  // of a document
        if (list.as_array()->size() * embedding.values.size() > values_max)
            return Error{Code::NoFit, "the vectors are too many for one JSON document",
                         "leave --json out: then each is a line of its own"};
        Json values = Json::array();
        for (float value : embedding.values) values.push(static_cast<double>(value));
        list.push(Json::object(
            {{"values", std::move(values)}, {"tokens", embedding.tokens}, {"cut", embedding.cut}}));
        return Done{};
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
