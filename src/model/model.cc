#include "model/model.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "model/adapters/adapter.h"
#include "model/families/family.h"

namespace linnet {

Model::Model(const Source& source, Math math, const Family& family, ModelParts parts)
    : checkpoint_(source.checkpoint()),
      math_(math),
      family_(family),
      parts_(std::move(parts)),
      sites_(source.sites()),
      held_bytes_(source.pack_memory().held_bytes()),
      streamed_bytes_(source.pack_memory().streamed_bytes()) {}

Result<std::shared_ptr<const Model>> Model::load(const Checkpoint& checkpoint, Math math,
                                                 ThreadPool& pool, uint64_t weights_max) {
    Source source = TRY(Source::open(checkpoint, math, pool, weights_max));
    const Family* family = find_family(source.architecture());
    if (!family) {
        std::string known;
        for (const Family* row : families())
            known += cat(known.empty() ? "" : ", ", row->architecture);
        return Error{Code::Unsupported,
                     cat("the model is of the architecture '", printable(source.architecture(), 60),
                         "', which this build cannot run"),
                     cat("it runs: ", known)};
    }
    source.use(family->names, family->usual);
    ModelParts parts = TRY(family->build(source));
    source.pack_memory().drop_copied();
    check(parts.ropes.size() <= Pass::ropes_max, "a model has few kinds of rotation");
    return std::shared_ptr<const Model>(new Model(source, math, *family, std::move(parts)));
}

std::span<const NamePair> Model::names() const {
    return family_.names;
}

std::vector<KvShape> Model::kv_shapes() const {
    std::vector<KvShape> shapes;
    for (const auto& block : parts_.blocks)
        if (KvShape shape = block->kv(); shape.heads > 0) shapes.push_back(shape);
    if (!parts_.causal && !shapes.empty()) shapes.resize(1);
    return shapes;
}

size_t Model::state_floats() const {
    size_t floats = 0;
    for (const auto& block : parts_.blocks) floats += block->state_floats();
    return floats;
}

ScratchNeed Model::scratch() const {
    ScratchNeed most;
    for (const auto& block : parts_.blocks) most.cover(block->scratch());
    const size_t dim = parts_.config.dim;
    most.shared_per_token = std::max(
        most.shared_per_token, dim + FineOperand::rows_per_token * Operand::block_floats(dim));
    for (const auto& rope : parts_.ropes) most.shared_per_token += rope->dims();
    most.shared_per_token += parts_.carried_per_token;
    most.own = std::max({most.own, parts_.head.weight.scratch_floats(), dim});
    return most;
}

static size_t outputs_of(const Run& run) {
    return run.all_logits ? run.tokens.size() : run.last_logits ? 1 : 0;
}

static size_t outputs_of(const Batch& batch) {
    size_t outputs = 0;
    for (const Run& run : batch.runs) outputs += outputs_of(run);
    return outputs;
}

void Model::check_batch(const Batch& batch, const Workspace& workspace) const {
    for (const Run& run : batch.runs) {
        size_t end = run.position + run.tokens.size();
        check(!run.tokens.empty(), "a run has tokens");
        check(end <= workspace.size_.context_max, "positions fit the workspace");
        check(parts_.positions.rows() == 0 || end <= parts_.positions.rows(),
              "the model has these positions");
        check(run.pages.size() * KvCache::page_tokens >= end, "a run has the pages it needs");
        check(parts_.causal || run.position == 0, "an encoder's run is a whole text");
        check(run.state || state_floats() == 0, "a recurrent model has a state");
        for (const AppliedAdapter& applied : run.adapters)
            check(applied.adapter && &applied.adapter->model() == this, "an adapter of this model");
        check(run.types.empty() || run.types.size() == run.tokens.size(), "a type for each token");
    }
    check(batch.tokens() <= workspace.size_.tokens_max, "the batch fits the workspace");
}

void Model::run(const Batch& batch, KvCache& cache, Workspace& workspace,
                FunctionRef<void(Pass&)> finish) const {
    check_batch(batch, workspace);
    workspace.pool_.run_some([&](size_t worker, size_t workers) {
        Pass pass(workspace.kernels_, batch, cache, {workspace.pool_, worker, workers},
                  workspace.x_.data(), workspace.shared_.data(),
                  workspace.own_.data() + worker * workspace.own_floats_);
        pass.adapter_room = pass.own() + workspace.own_floats_ - LowRankUpdate::room_floats;
        embed(pass);
        turn_angles(pass, workspace.size_.context_max);
        pass.carried = pass.shared(pass.tokens * parts_.carried_per_token);
        pass.keep();
        pass.barrier();
        for (const auto& block : parts_.blocks) {
            pass.reset();
            block->run(pass);
            // An encoder's layers take turns with one cache, as nobody comes back to it.
            if (block->kv().heads > 0 && parts_.causal) pass.layer++;
            pass.state_at += block->state_floats();
        }
        pass.reset();
        finish(pass);
    });
}

std::span<const float> Model::forward(const Batch& batch, KvCache& cache,
                                      Workspace& workspace) const {
    const size_t outputs = outputs_of(batch);
    check(predicts() && outputs <= workspace.size_.outputs_max, "the logits fit the workspace");
    float* logits = workspace.logits_.data();
    run(batch, cache, workspace, [&](Pass& pass) { predict(pass, logits); });
    return {logits, outputs * parts_.config.vocabulary};
}

std::span<const float> Model::encode(const Batch& batch, KvCache& cache,
                                     Workspace& workspace) const {
    const size_t dim = parts_.config.dim;
    run(batch, cache, workspace, [&](Pass& pass) {
        pass.share(pass.tokens, 1, [&](size_t begin, size_t end) {
            for (size_t t = begin; t < end && parts_.output_norm.size() > 0; t++)
                parts_.output_norm.run(pass.kernels, pass.x + t * dim, pass.x + t * dim);
        });
    });
    return std::span(workspace.x_).first(batch.tokens() * dim);
}

std::vector<float> Model::classify(const Kernels& kernels, std::span<const float> state) const {
    check(labels() > 0 && state.size() == parts_.config.dim, "a state of a model that classifies");
    auto apply = [&](const Linear& linear, std::span<const float> x) {
        std::vector<float> y(linear.rows()), scratch(linear.weight.scratch_floats());
        std::vector<ActBlock> blocks(x.size() / pack_columns);
        kernels.quantize_activations(x.data(), blocks.size(), blocks.data());
        linear.run(kernels, Operand{x.data(), blocks.data()}, 1, 0, y.size(), y.data(), y.size(),
                   scratch.data());
        return y;
    };
    const Classifier& classifier = parts_.classifier;
    if (classifier.dense.rows() == 0) return apply(classifier.output, state);
    std::vector<float> inner = apply(classifier.dense, state);
    for (float& value : inner) value = std::tanh(value);
    return apply(classifier.output, inner);
}

void Model::embed(Pass& pass) const {
    const size_t dim = parts_.config.dim;
    pass.share(pass.tokens, 1, [&](size_t begin, size_t end) {
        size_t t = 0;
        for (const Run& run : pass.batch.runs) {
            for (size_t i = 0; i < run.tokens.size(); i++) {
                int32_t token = run.tokens[i];
                size_t at = t++;
                if (at < begin || at >= end) continue;
                check(token >= 0 && static_cast<size_t>(token) < parts_.config.vocabulary,
                      "a token of the vocabulary");
                float* x = pass.x + at * dim;
                parts_.embedding.decode_row(static_cast<size_t>(token), x);
                if (parts_.embedding_scale != 1)
                    for (size_t d = 0; d < dim; d++) x[d] *= parts_.embedding_scale;
                add_places(pass, run, i, x);
            }
        }
    });
}

// The vectors of a token's position and of its text in a pair, where the model has them.
void Model::add_places(const Pass& pass, const Run& run, size_t token, float* x) const {
    auto add = [&](const Matrix& table, size_t row) {
        if (table.rows() == 0) return;
        check(row < table.rows(), "the model has a vector for the place");
        table.decode_row(row, pass.own());
        pass.kernels.add_scaled_f32(x, pass.own(), 1, parts_.config.dim);
    };
    add(parts_.token_types, run.types.empty() ? 0 : run.types[token]);
    add(parts_.positions, run.position + token);
}

void Model::turn_angles(Pass& pass, uint32_t context) const {
    for (size_t r = 0; r < parts_.ropes.size(); r++)
        pass.angles[r] = pass.shared(pass.tokens * parts_.ropes[r]->dims());
    pass.share(pass.tokens, 1, [&](size_t begin, size_t end) {
        size_t t = 0;
        for (const Run& run : pass.batch.runs) {
            for (uint32_t i = 0; i < run.tokens.size(); i++, t++) {
                if (t < begin || t >= end) continue;
                for (size_t r = 0; r < parts_.ropes.size(); r++)
                    parts_.ropes[r]->angles(run.position + i, context,
                                            pass.angles[r] + t * parts_.ropes[r]->dims());
            }
        }
    });
}

// Whether one of the tokens of a panel of the head may come next in one of the runs.
static bool panel_allowed(const Batch& batch, size_t row) {
    static_assert(64 % Matrix::panel_rows == 0, "a panel lies within a word");
    constexpr uint64_t panel = (uint64_t{1} << Matrix::panel_rows) - 1;
    return std::ranges::any_of(batch.runs, [&](const Run& run) {
        return row / 64 < run.allowed.size() && (run.allowed[row / 64] >> row % 64 & panel) != 0;
    });
}

// The logits of the tokens that were asked for: head(norm(x)).
void Model::predict(Pass& pass, float* logits) const {
    const size_t dim = parts_.config.dim, vocabulary = parts_.config.vocabulary;
    float* normed = pass.shared(pass.tokens * dim);
    constexpr size_t each = FineOperand::rows_per_token;
    ActBlock* blocks = pass.blocks(dim, each);
    size_t outputs = 0, t = 0;
    for (const Run& run : pass.batch.runs) {
        for (size_t i = 0; i < run.tokens.size(); i++, t++) {
            bool wanted = run.all_logits || (run.last_logits && i + 1 == run.tokens.size());
            if (!wanted) continue;
            size_t at = outputs++;
            pass.share_one(at, [&] {
                parts_.output_norm.run(pass.kernels, pass.x + t * dim, normed + at * dim);
                if (blocks)
                    FineOperand::quantize(pass.kernels, normed + at * dim, dim,
                                          blocks + at * each * (dim / pack_columns));
            });
        }
    }
    const std::optional<size_t> few = few_panels(pass.batch);
    pass.share(few ? outputs * vocabulary : 0, Matrix::panel_rows, [&](size_t begin, size_t end) {
        std::fill(logits + begin, logits + end, -std::numeric_limits<float>::infinity());
    });
    pass.barrier();
    if (!few)
        return pass.share(vocabulary, Matrix::panel_rows, [&](size_t begin, size_t end) {
            predict_rows(pass, normed, blocks, begin, end, logits);
        });
    pass.share(*few, 1, [&](size_t begin, size_t end) {
        size_t at = 0;
        for (size_t row = 0; row < vocabulary && at < end; row += Matrix::panel_rows)
            if (panel_allowed(pass.batch, row) && at++ >= begin)
                predict_rows(pass, normed, blocks, row,
                             std::min(row + Matrix::panel_rows, vocabulary), logits);
    });
}

// Of the head's panels those with a token that may come, where they are so few that it pays to
// leave the others out.
std::optional<size_t> Model::few_panels(const Batch& batch) const {
    for (const Run& run : batch.runs)
        if (outputs_of(run) > 0 && run.allowed.empty()) return std::nullopt;
    const size_t vocabulary = parts_.config.vocabulary;
    size_t count = 0;
    for (size_t row = 0; row < vocabulary; row += Matrix::panel_rows)
        count += panel_allowed(batch, row);
    const bool few = count * Matrix::panel_rows < vocabulary / 2;
    return few ? std::optional(count) : std::nullopt;
}

void Model::predict_rows(Pass& pass, const float* normed, const ActBlock* blocks, size_t begin,
                         size_t end, float* logits) const {
    const size_t outputs = outputs_of(pass.batch), vocabulary = parts_.config.vocabulary;
    pass.show(parts_.head.weight, normed, outputs, begin);
    parts_.head.run(pass.kernels, FineOperand{normed, blocks}, outputs, begin, end, logits,
                    vocabulary, pass.own());
    if (pass.adapted) adapt_logits(pass, normed, {begin, end}, logits);
    for (size_t o = 0; o < outputs; o++) {
        float* row = logits + o * vocabulary;
        for (size_t v = begin; v < end && parts_.logit_scale != 1; v++)
            row[v] *= parts_.logit_scale;
        if (parts_.logit_soft_cap > 0)
            pass.kernels.soft_cap_f32(row + begin, parts_.logit_soft_cap, end - begin);
    }
}

void Model::adapt_logits(const Pass& pass, const float* normed, LowRankUpdate::Rows rows,
                         float* logits) const {
    for (const Run& run : pass.batch.runs) {
        size_t outputs = outputs_of(run);
        parts_.head.adapt(pass, run, normed, outputs, rows, logits, parts_.config.vocabulary);
        normed += outputs * parts_.config.dim;
        logits += outputs * parts_.config.vocabulary;
    }
}

// Every buffer that a block takes may end in a cache line of its own.
static constexpr size_t buffers_max = 64;
static constexpr size_t lines_floats = buffers_max * 16;

static size_t own_floats(const Model& model) {
    return Pass::whole_lines(model.scratch().own) + lines_floats + LowRankUpdate::room_floats;
}

static size_t shared_floats(const Model& model, Workspace::Size size) {
    ScratchNeed need = model.scratch();
    size_t pages = size.context_max / KvCache::page_tokens + 1;
    return size.tokens_max * need.shared_per_token + pages * need.shared_per_context + lines_floats;
}

Workspace::Workspace(const Model& model, const Kernels& kernels, ThreadPool& pool, Size size)
    : kernels_(kernels),
      pool_(pool),
      size_(size),
      own_floats_(own_floats(model)),
      x_(size.tokens_max * model.config().dim),
      shared_(shared_floats(model, size)),
      own_(pool.size() * own_floats_),
      logits_(size.outputs_max * model.config().vocabulary) {}

uint64_t Workspace::bytes(const Model& model, size_t threads, Size size) {
    return sizeof(float) *
           (size.tokens_max * model.config().dim + shared_floats(model, size) +
            threads * own_floats(model) + size.outputs_max * model.config().vocabulary);
}

}  // namespace linnet
