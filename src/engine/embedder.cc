#include "engine/embedder.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "engine/model_files.h"

namespace linnet {
namespace {

// Adds up the states that count, each by the part it has in the result.
class Pooled {
  public:
    Pooled(Pooling pooling, size_t tokens, size_t dim)
        : pooling_(pooling), tokens_(tokens), sum_(dim) {}

    void add(size_t first, std::span<const float> states) {
        const size_t dim = sum_.size();
        for (size_t t = 0; t < states.size() / dim; t++) {
            bool is_first = first + t == 0, is_last = first + t + 1 == tokens_;
            if ((pooling_ == Pooling::Cls && !is_first) || (pooling_ == Pooling::Last && !is_last))
                continue;
            for (size_t d = 0; d < dim; d++) sum_[d] += static_cast<double>(states[t * dim + d]);
        }
    }

    std::vector<float> finish(size_t dimensions, bool normalize) const {
        double length = pooling_ == Pooling::Mean ? static_cast<double>(tokens_) : 1;
        if (normalize) {
            double squares = 0;
            for (size_t d = 0; d < dimensions; d++) squares += sum_[d] * sum_[d];
            if (squares > 0) length = std::sqrt(squares);
        }
        std::vector<float> out(dimensions);
        for (size_t d = 0; d < dimensions; d++) out[d] = static_cast<float>(sum_[d] / length);
        return out;
    }

  private:
    Pooling pooling_;
    size_t tokens_;
    std::vector<double> sum_;
};

Result<std::string> prefix_of(const EmbeddingStyle& style, TextRole role) {
    if (role == TextRole::Plain) return std::string();
    bool query = role == TextRole::Query;
    const auto& prefix = query ? style.query_prefix : style.document_prefix;
    if (prefix) return *prefix;
    return Error{Code::Usage,
                 cat("the model's files name no prefix for ", query ? "queries" : "documents"),
                 "write what its makers recommend in front of the text, or leave the option out"};
}

}  // namespace

Result<OpenedModel> open_encoder(const Checkpoint& checkpoint, Math math, const Kernels& kernels,
                                 TextEncoderOptions options) {
    auto [tokenizer, model] = TRY(ModelFiles::load(checkpoint, math, options.threads));
    auto encoder = TRY(TextEncoder::make(std::move(model), kernels, options));
    return OpenedModel{std::move(tokenizer), std::move(encoder)};
}

Result<std::unique_ptr<Embedder>> Embedder::open(const Checkpoint& checkpoint, Math math,
                                                 const Kernels& kernels,
                                                 TextEncoderOptions options) {
    OpenedModel opened = TRY(open_encoder(checkpoint, math, kernels, options));
    EmbeddingStyle style = TRY(EmbeddingStyle::read(checkpoint, opened.encoder->model()));
    return std::unique_ptr<Embedder>(
        new Embedder({std::move(opened.encoder), std::move(opened.tokenizer), std::move(style)}));
}

// The text's tokens, cut to what the model takes; the mark at the end stays.
std::vector<int32_t> Embedder::tokens_of(std::string_view text, Embedding& out) const {
    const Tokenizer& tokenizer = parts_.tokenizer;
    std::vector<int32_t> tokens = tokenizer.encode(text);
    // A model without marks has nothing to say about no text at all.
    if (tokens.empty()) tokens = tokenizer.encode(" ");
    if (tokens.empty()) tokens.push_back(std::max(tokenizer.special().eos, 0));
    size_t most = parts_.encoder->context();
    if (parts_.style.tokens_max > 0) most = std::min<size_t>(most, parts_.style.tokens_max);
    out.cut = tokens.size() > most;
    if (out.cut) {
        if (tokenizer.adds_eos()) tokens[most - 1] = tokens.back();
        tokens.resize(most);
    }
    out.tokens = tokens.size();
    return tokens;
}

Result<std::vector<Embedding>> Embedder::embed(std::span<const std::string> texts,
                                               const EmbedOptions& options, const Cancel& cancel) {
    const size_t dim = dimensions();
    if (options.dimensions > dim)
        return Error{Code::Usage,
                     cat("the model's vectors have ", dim, " values, not ", options.dimensions)};
    const std::string prefix = TRY(prefix_of(parts_.style, options.role));
    std::vector<Embedding> out;
    for (size_t i = 0; i < texts.size(); i += texts_at_once)
        TRY(embed_some(texts.subspan(i, std::min(texts_at_once, texts.size() - i)), prefix, options,
                       cancel, out));
    return out;
}

Result<> Embedder::embed_some(std::span<const std::string> texts, std::string_view prefix,
                              const EmbedOptions& options, const Cancel& cancel,
                              std::vector<Embedding>& out) {
    const Pooling pooling = options.pooling.value_or(parts_.style.pooling);
    const size_t begin = out.size(), dim = dimensions();
    std::vector<std::vector<int32_t>> tokens;
    std::vector<EncoderText> inputs;
    std::vector<Pooled> pooled;
    for (const std::string& text : texts) {
        out.emplace_back();
        tokens.push_back(tokens_of(cat(prefix, text), out.back()));
        inputs.push_back({.tokens = tokens.back()});
        pooled.emplace_back(pooling, tokens.back().size(), dim);
    }
    TRY(parts_.encoder->encode(inputs, cancel,
                               [&](size_t text, size_t first, std::span<const float> states) {
                                   pooled[text].add(first, states);
                               }));
    for (size_t i = 0; i < texts.size(); i++) {
        std::vector<float>& values = out[begin + i].values;
        values =
            pooled[i].finish(options.dimensions > 0 ? options.dimensions : dim, options.normalize);
        for (float value : values)
            if (!std::isfinite(value))
                return Error{Code::BadInput,
                             "the model computed values that are not numbers; its file is "
                             "probably damaged"};
    }
    return Done{};
}

}  // namespace linnet
