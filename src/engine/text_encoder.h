// Runs whole texts through a model and hands over the states of their tokens behind its last layer.
// An encoder sees a text at once; a decoder may see a long one in pieces. Not thread-safe.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/cancel.h"
#include "base/threads.h"
#include "model/model.h"

namespace linnet {

struct TextEncoderOptions {
    size_t threads = 1;
    // Tokens of one text, at most as many as the model knows; 0 takes these, up to context_usual.
    uint32_t context = 0;
    std::optional<KvType> kv{};            // absent: usual_kv() of the model's arithmetic
    std::optional<uint64_t> memory_max{};  // bytes that model and buffers may take; NoFit beyond

    static constexpr uint32_t context_usual = 2048;
};

// REQUIRES: 1 to context() tokens, all in the vocabulary.
struct EncoderText {
    std::span<const int32_t> tokens;
    std::span<const uint8_t> types{};  // as in Run
};

class TextEncoder {
  public:
    static Result<std::unique_ptr<TextEncoder>> make(std::shared_ptr<const Model> model,
                                                     const Kernels& kernels,
                                                     const TextEncoderOptions& options);

    // visit(text, first, states): the (tokens, dim) states of text number `text` from its token
    // `first` on. Texts come in order, and so do their tokens. Interrupted between batches.
    using Visit = FunctionRef<void(size_t text, size_t first, std::span<const float> states)>;
    Result<> encode(std::span<const EncoderText> texts, const Cancel& cancel, Visit visit);

    const Model& model() const { return *model_; }
    const Kernels& kernels() const { return kernels_; }
    uint32_t context() const { return context_; }

  private:
    TextEncoder(std::shared_ptr<const Model> model, const Kernels& kernels,
                const TextEncoderOptions& options, Workspace::Size size, KvCache cache);
    void encode_pieces(const EncoderText& text, size_t index, Visit visit);
    size_t encode_batch(std::span<const EncoderText> texts, size_t index, Visit visit);

    std::shared_ptr<const Model> model_;
    const Kernels& kernels_;
    uint32_t context_;
    ThreadPool pool_;
    KvCache cache_;
    Workspace workspace_;
    std::vector<uint32_t> pages_;
    std::vector<Run> runs_;
    size_t texts_max_;           // of a batch
    std::vector<float> states_;  // of a recurrent model, for each of them
};

}  // namespace linnet
