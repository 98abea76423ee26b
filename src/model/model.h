// A model ready to run: its plan is a flat list of blocks over a residual stream, built once from a
// checkpoint by one of the families. Immutable; any number of engines may share it, each with a
// workspace and a cache of its own.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "formats/checkpoint.h"
#include "model/linear.h"
#include "model/norm.h"
#include "model/pass.h"
#include "model/rope.h"
#include "model/source.h"

namespace linnet {

// Of the cache, where nobody asks for others.
inline KvType usual_kv(Math math) {
    return math == Math::F32 ? KvType::F32 : KvType::I16;
}

struct ModelConfig {
    std::string architecture;
    size_t vocabulary = 0, dim = 0, layers = 0;
    uint32_t context = 0;  // tokens that the model was trained for
};

// Gives a text a score for each label, from its first token's state: output(tanh(dense(state))).
struct Classifier {
    Linear dense;   // (dim, dim); without rows where there is none, nor the tanh
    Linear output;  // (labels, dim); without rows where the model has no classifier
};

// What a family builds.
struct ModelParts {
    ModelConfig config;
    Matrix embedding;  // (vocabulary, dim)
    float embedding_scale = 1;
    // Added to the embedding; without rows where there are none.
    Matrix positions;    // (positions, dim)
    Matrix token_types;  // (types, dim)
    std::vector<std::shared_ptr<const Rope>> ropes;
    std::vector<std::unique_ptr<Block>>
        blocks;                    // in order; those with keys and values count as cache layers
    size_t carried_per_token = 0;  // floats that blocks leave for later ones, besides x
    Norm output_norm;
    Linear head;  // (vocabulary, dim); the embedding where they are tied; no rows in an encoder
    float logit_scale = 1;
    float logit_soft_cap = 0;  // cap * tanh(logit / cap); 0 for none
    bool causal = true;        // a token sees what comes before it, not all of its run
    Classifier classifier;
};

class Workspace;
class Source;
struct Family;

class Model {
  public:
    // Unsupported for an architecture that no family knows; BadInput where settings and tensors do
    // not agree. Of the weights, weights_max bytes stay in memory; each step reads the others from
    // the file, which changes no answer.
    static Result<std::shared_ptr<const Model>> load(const Checkpoint& checkpoint, Math math,
                                                     ThreadPool& pool,
                                                     uint64_t weights_max = PackMemory::unlimited);

    const ModelConfig& config() const { return parts_.config; }
    const Checkpoint& checkpoint() const { return checkpoint_; }
    Math math() const { return math_; }
    // Of the weights: what stays in memory, and what is read from the file in each step.
    uint64_t held_bytes() const { return held_bytes_; }
    uint64_t streamed_bytes() const { return streamed_bytes_; }
    // Where adapters can change it, and how its folders name the tensors of these places.
    std::span<const AdapterSite> sites() const { return sites_; }
    std::span<const NamePair> names() const;
    std::vector<KvShape> kv_shapes() const;
    // Floats that a sequence keeps besides keys and values; 0 where there is no recurrence.
    size_t state_floats() const;
    // False for an encoder: a run is then a whole text, from position 0.
    bool causal() const { return parts_.causal; }
    bool predicts() const { return parts_.head.rows() > 0; }  // has logits for a next token
    size_t labels() const { return parts_.classifier.output.rows(); }
    const Matrix& head() const { return parts_.head.weight; }
    size_t token_types() const { return parts_.token_types.rows(); }

    // Runs the batch and writes the cache. Returns the logits that its runs ask for, (outputs,
    // vocabulary), in order; they lie in the workspace until the next call. REQUIRES: token ids are
    // in the vocabulary, the batch and its positions fit the workspace, and pages are the
    // sequence's own where they are written; so is its state, if the model has one. The model
    // predicts.
    std::span<const float> forward(const Batch& batch, KvCache& cache, Workspace& workspace) const;
    // The same up to the states behind the last layer and its norm: (tokens, dim) of all tokens.
    std::span<const float> encode(const Batch& batch, KvCache& cache, Workspace& workspace) const;
    // A score for each label. REQUIRES: labels() > 0, and the state of a text's first token.
    std::vector<float> classify(const Kernels& kernels, std::span<const float> state) const;

    // Floats of the buffers for the workspace.
    ScratchNeed scratch() const;

  private:
    Model(const Source& source, Math math, const Family& family, ModelParts parts);
    void run(const Batch& batch, KvCache& cache, Workspace& workspace,
             FunctionRef<void(Pass&)> finish) const;
    void check_batch(const Batch& batch, const Workspace& workspace) const;
    void embed(Pass& pass) const;
    void add_places(const Pass& pass, const Run& run, size_t token, float* x) const;
    void turn_angles(Pass& pass, uint32_t context) const;
    void predict(Pass& pass, float* logits) const;
    std::optional<size_t> few_panels(const Batch& batch) const;
    void predict_rows(Pass& pass, const float* normed, const ActBlock* blocks, size_t begin,
                      size_t end, float* logits) const;
    void adapt_logits(const Pass& pass, const float* normed, LowRankUpdate::Rows rows,
                      float* logits) const;

    Checkpoint checkpoint_;
    Math math_;
    const Family& family_;
    ModelParts parts_;
    std::vector<AdapterSite> sites_;
    uint64_t held_bytes_, streamed_bytes_;
};

// The buffers of one engine, sized once; nothing is allocated per token.
class Workspace {
  public:
    struct Size {
        size_t tokens_max = 256;   // of a batch
        size_t outputs_max = 64;   // logits rows of a batch
        uint32_t context_max = 0;  // positions
    };
    Workspace(const Model& model, const Kernels& kernels, ThreadPool& pool, Size size);

    const Size& size() const { return size_; }
    static uint64_t bytes(const Model& model, size_t threads, Size size);

  private:
    friend class Model;
    const Kernels& kernels_;
    ThreadPool& pool_;
    Size size_;
    size_t own_floats_;
    std::vector<float> x_, shared_, own_, logits_;
};

}  // namespace linnet
