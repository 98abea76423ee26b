// linnet rerank: documents in the order in which they answer a question.
#include <algorithm>
#include <numeric>

#include "base/text.h"
#include "engine/reranker.h"
#include "linnet/encoder_options.h"
#include "linnet/models.h"

namespace linnet {
namespace {

class RerankCommand final : public Command {
  public:
    void declare(Syntax& syntax) override {
        syntax.positional("MODEL", &model_, "a reranker: a model file or a name of the store")
            .required()
            .completes(Complete::Model);
        syntax.positional("QUERY", &query_, "the question").required();
        syntax.positional("DOC", &documents_, "texts; without any, the lines of standard input");
        syntax.option("-n,--top", &top_, "N", "tell only the N best; 0: all").between(0, 1 << 24);
        options_.declare(syntax);
        syntax.about(
            "The model reads the question together with each text and gives a score from 0 to 1; "
            "the best comes first. Texts are numbered from 0, as they were given.");
        syntax.example("linnet rerank ./reranker 'how do birds fly' 'Wings lift.' 'Fish swim.'",
                       "which of two texts answers better");
    }

    Result<> run(Context& context) override {
        auto documents = TRY(texts_or_lines(context, documents_));
        Checkpoint checkpoint = TRY(open_model(context, model_));
        auto opened = Reranker::open(checkpoint, options_.math(), *TRY(chosen_kernels(context)),
                                     options_.options(context));
        if (!opened) return std::move(opened).error().within(printable(model_));
        auto ranks = TRY((*opened)->rank(query_, documents, context.cancel));
        std::vector<size_t> order(ranks.size());
        std::iota(order.begin(), order.end(), size_t{0});
        std::ranges::sort(order, [&](size_t a, size_t b) {
            return ranks[a].logit != ranks[b].logit ? ranks[a].logit > ranks[b].logit : a < b;
        });
        if (top_ > 0) order.resize(std::min(order.size(), static_cast<size_t>(top_)));
        Table table{.header = {"SCORE", "NO.", "TEXT"}, .rows = {}, .right = {true, true}};
        Json list = Json::array();
        for (size_t index : order) {
            const Rank& rank = ranks[index];
            table.rows.push_back(
                {fixed(rank.score, 4), cat(index), printable(documents[index], 200)});
            list.push(Json::object({{"index", index},
                                    {"score", static_cast<double>(rank.score)},
                                    {"logit", static_cast<double>(rank.logit)},
                                    {"tokens", rank.tokens},
                                    {"cut", rank.cut}}));
        }
        context.output.table(table);
        size_t cut = static_cast<size_t>(std::ranges::count_if(ranks, &Rank::cut));
        if (cut > 0)
            context.output.warn(cat(cut, cut == 1 ? " text was" : " texts were",
                                    " longer than the model takes, and only the beginning counts"));
        context.output.document(
            Json::object({{"model", model_}, {"query", query_}, {"results", std::move(list)}}));
        return Done{};
    }

  private:
    std::string model_, query_;
    std::vector<std::string> documents_;
    int64_t top_ = 0;
    EncoderModelOptions options_;
};

}  // namespace

std::unique_ptr<Command> rerank_command() {
    return std::make_unique<RerankCommand>();
}

}  // namespace linnet
