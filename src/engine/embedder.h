// Texts to vectors whose angles tell how alike the texts are. Any model will do; those trained for
// it do it well. Not thread-safe.
#pragma once

#include "engine/embedding_style.h"
#include "engine/text_encoder.h"
#include "text/tokenizer.h"

namespace linnet {

enum class TextRole { Plain, Query, Document };

struct EmbedOptions {
    std::optional<Pooling> pooling{};  // else the model's own
    size_t dimensions = 0;  // the first ones of each vector, for models that allow it; 0: all
    bool normalize = true;  // to length one
    TextRole role = TextRole::Plain;  // whose prefix comes in front
};

struct Embedding {
    std::vector<float> values;
    size_t tokens = 0;
    bool cut = false;  // the text was longer than the model takes
};

class Embedder {
  public:
    static Result<std::unique_ptr<Embedder>> open(const Checkpoint& checkpoint, Math math,
                                                  const Kernels& kernels,
                                                  TextEncoderOptions options);

    // A vector for each text, in order. Usage for options that the model cannot have.
    Result<std::vector<Embedding>> embed(std::span<const std::string> texts,
                                         const EmbedOptions& options, const Cancel& cancel);

    const EmbeddingStyle& style() const { return parts_.style; }
    const Tokenizer& tokenizer() const { return parts_.tokenizer; }
    size_t dimensions() const { return parts_.encoder->model().config().dim; }

  private:
    struct Parts {
        std::unique_ptr<TextEncoder> encoder;
        Tokenizer tokenizer;
        EmbeddingStyle style;
    };
    explicit Embedder(Parts parts) : parts_(std::move(parts)) {}
    std::vector<int32_t> tokens_of(std::string_view text, Embedding& out) const;
    Result<> embed_some(std::span<const std::string> texts, std::string_view prefix,
                        const EmbedOptions& options, const Cancel& cancel,
                        std::vector<Embedding>& out);

    Parts parts_;
};

// Texts whose tokens are held in memory together.
inline constexpr size_t texts_at_once = 64;

// What embedders and rerankers open alike. BadInput where model and tokenizer do not fit.
struct OpenedModel {
    Tokenizer tokenizer;
    std::unique_ptr<TextEncoder> encoder;
};
Result<OpenedModel> open_encoder(const Checkpoint& checkpoint, Math math, const Kernels& kernels,
                                 TextEncoderOptions options);

}  // namespace linnet
