#include "engine/reranker.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"

namespace linnet {

Result<std::unique_ptr<Reranker>> Reranker::open(const Checkpoint& checkpoint, Math math,
                                                 const Kernels& kernels,
                                                 TextEncoderOptions options) {
    OpenedModel opened = TRY(open_encoder(checkpoint, math, kernels, options));
    if (size_t labels = opened.encoder->model().labels(); labels != 1)
        return Error{Code::Unsupported,
                     labels == 0 ? std::string("the model gives no score to a pair of texts")
                                 : cat("the model gives a pair of texts ", labels,
                                       " scores, and ranking takes one"),
                     "use a reranker (a cross-encoder), or compare the vectors of linnet embed"};
    return std::unique_ptr<Reranker>(new Reranker(std::move(opened)));
}

Result<std::vector<Rank>> Reranker::rank(std::string_view query,
                                         std::span<const std::string> documents,
                                         const Cancel& cancel) {
    const Tokenizer& tokenizer = opened_.tokenizer;
    const size_t most = opened_.encoder->context();
    // [CLS] query [SEP] document [SEP], of type 0 up to the first [SEP] and 1 behind it. Where
    // there are no types (RoBERTa), the mark between the two comes twice.
    std::vector<int32_t> first = tokenizer.encode(query);
    if (opened_.encoder->model().token_types() < 2 && tokenizer.adds_eos())
        first.push_back(first.back());
    constexpr size_t least = 8;  // tokens of a document
    if (first.size() + least > most)
        return Error{Code::NoFit,
                     cat("the query has ", first.size(),
                         " tokens, and query and document together "
                         "may have ",
                         most),
                     "shorten it"};
    std::vector<Rank> out;
    for (size_t i = 0; i < documents.size(); i += texts_at_once)
        TRY(rank_some(first, documents.subspan(i, std::min(texts_at_once, documents.size() - i)),
                      cancel, out));
    return out;
}

Result<> Reranker::rank_some(std::span<const int32_t> query, std::span<const std::string> documents,
                             const Cancel& cancel, std::vector<Rank>& out) {
    const Tokenizer& tokenizer = opened_.tokenizer;
    const Model& model = opened_.encoder->model();
    const size_t room = opened_.encoder->context() - query.size(), begin = out.size();
    const uint8_t second_type = model.token_types() > 1 ? 1 : 0;
    std::vector<std::vector<int32_t>> tokens;
    std::vector<std::vector<uint8_t>> types;
    std::vector<EncoderText> inputs;
    for (const std::string& text : documents) {
        Rank& rank = out.emplace_back();
        auto second = tokenizer.encode(text, {.bos = EncodeOptions::Add::No});
        rank.cut = second.size() > room;
        if (rank.cut) {
            if (tokenizer.adds_eos()) second[room - 1] = second.back();
            second.resize(room);
        }
        tokens.emplace_back(query.begin(), query.end());
        tokens.back().insert(tokens.back().end(), second.begin(), second.end());
        types.emplace_back(query.size(), uint8_t{0});
        types.back().resize(tokens.back().size(), second_type);
        rank.tokens = tokens.back().size();
        inputs.push_back({.tokens = tokens.back(), .types = types.back()});
    }
    auto score = [&](size_t text, size_t token, std::span<const float> states) {
        if (token > 0) return;
        auto state = states.first(model.config().dim);
        float logit = model.classify(opened_.encoder->kernels(), state)[0];
        out[begin + text].logit = logit;
        out[begin + text].score = 1 / (1 + std::exp(-logit));
    };
    TRY(opened_.encoder->encode(inputs, cancel, score));
    for (const Rank& rank : std::span(out).subspan(begin))
        if (!std::isfinite(rank.logit))
            return Error{Code::BadInput,
                         "the model computed values that are not numbers; its file is probably "
                         "damaged"};
    return Done{};
}

}  // namespace linnet
