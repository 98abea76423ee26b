#include "model/model.h"

#include <algorithm>
#include <numeric>

#include "model/families/family.h"

namespace linnet {

Result<std::shared_ptr<const Model>> Model::load(const Checkpoint& checkpoint, Math math,
                                                 ThreadPool& pool) {
    Source source = TRY(Source::open(checkpoint, math, pool));
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
    check(parts.ropes.size() <= Pass::ropes_max, "a model has few kinds of rotation");
    return std::shared_ptr<const Model>(new Model(checkpoint, std::move(parts)));
}

std::vector<KvShape> Model::kv_shapes() const {
    std::vector<KvShape> shapes;
    for (const auto& block : parts_.blocks)
        if (KvShape shape = block->kv(); shape.heads > 0) shapes.push_back(shape);
    return shapes;
}

ScratchNeed Model::scratch() const {
    ScratchNeed most;
    for (const auto& block : parts_.blocks) {
        ScratchNeed need = block->scratch();
        most.shared_per_token = std::max(most.shared_per_token, need.shared_per_token);
        most.own = std::max(most.own, need.own);
        most.own_per_context = std::max(most.own_per_context, need.own_per_context);
    }
    most.shared_per_token = std::max(most.shared_per_token,
                                     parts_.config.dim + Operand::block_floats(parts_.config.dim));
    for (const auto& rope : parts_.ropes) most.shared_per_token += rope->dims();
    most.own = std::max({most.own, parts_.head.scratch_floats(), parts_.config.dim});
    return most;
}

std::span<const float> Model::forward(const Batch& batch, KvCache& cache,
                                      Workspace& workspace) const {
    size_t outputs = 0;
    for (const Run& run : batch.runs) {
        check(!run.tokens.empty(), "a run has tokens");
        check(run.position + run.tokens.size() <= workspace.size_.context_max,
              "positions fit the workspace");
        check(parts_.positions.rows() == 0 ||
                  run.position + run.tokens.size() <= parts_.positions.rows(),
              "the model has these positions");
        check(run.pages.size() * KvCache::page_tokens >= run.position + run.tokens.size(),
              "a run has the pages it needs");
        outputs += run.all_logits ? run.tokens.size() : run.last_logits ? 1 : 0;
    }
    check(batch.tokens() <= workspace.size_.tokens_max && outputs <= workspace.size_.outputs_max,
          "the batch fits the workspace");

    float* logits = workspace.logits_.data();
    workspace.pool_.run([&](size_t worker) {
        Pass pass(workspace.kernels_, batch, cache, workspace.pool_, worker, workspace.x_.data(),
                  workspace.shared_.data(), workspace.own_.data() + worker * workspace.own_floats_);
        embed(pass);
        turn_angles(pass, workspace.size_.context_max);
        pass.keep();
        pass.barrier();
        for (const auto& block : parts_.blocks) {
            pass.reset();
            block->run(pass);
            if (block->kv().heads > 0) pass.layer++;
        }
        pass.reset();
        predict(pass, logits);
    });
    return {logits, outputs * parts_.config.vocabulary};
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
                if (parts_.positions.rows() == 0) continue;
                float* position = pass.own();
                parts_.positions.decode_row(run.position + i, position);
                pass.kernels.add_scaled_f32(x, position, 1, dim);
            }
        }
    });
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

// The logits of the tokens that were asked for: head(norm(x)).
void Model::predict(Pass& pass, float* logits) const {
    const size_t dim = parts_.config.dim, vocabulary = parts_.config.vocabulary;
    float* normed = pass.shared(pass.tokens * dim);
    ActBlock* blocks = pass.blocks(dim);
    size_t outputs = 0, t = 0;
    for (const Run& run : pass.batch.runs) {
        for (size_t i = 0; i < run.tokens.size(); i++, t++) {
            bool wanted = run.all_logits || (run.last_logits && i + 1 == run.tokens.size());
            if (!wanted) continue;
            size_t at = outputs++;
            pass.share_one(at, [&] {
                parts_.output_norm.run(pass.kernels, pass.x + t * dim, normed + at * dim);
                pass.quantize(normed, dim, blocks, at, at + 1);
            });
        }
    }
    pass.barrier();
    pass.share(vocabulary, Matrix::panel_rows, [&](size_t begin, size_t end) {
        parts_.head.multiply(pass.kernels, {normed, blocks}, outputs, begin, end, logits,
                             vocabulary, pass.own());
        for (size_t o = 0; o < outputs; o++) {
            float* row = logits + o * vocabulary;
            for (size_t v = begin; v < end && parts_.logit_scale != 1; v++)
                row[v] *= parts_.logit_scale;
            if (parts_.logit_soft_cap > 0)
                pass.kernels.soft_cap_f32(row + begin, parts_.logit_soft_cap, end - begin);
        }
    });
}

static size_t own_floats(const Model& model, Workspace::Size size) {
    ScratchNeed need = model.scratch();
    size_t positions = (size.context_max / KvCache::page_tokens + 2) * KvCache::page_tokens;
    // Whole cache lines, so that workers do not share one.
    return (need.own + need.own_per_context * positions + 15) / 16 * 16;
}

Workspace::Workspace(const Model& model, const Kernels& kernels, ThreadPool& pool, Size size)
    : kernels_(kernels),
      pool_(pool),
      size_(size),
      own_floats_(own_floats(model, size)),
      x_(size.tokens_max * model.config().dim),
      shared_(size.tokens_max * model.scratch().shared_per_token),
      own_(pool.size() * own_floats_),
      logits_(size.outputs_max * model.config().vocabulary) {}

uint64_t Workspace::bytes(const Model& model, size_t threads, Size size) {
    return sizeof(float) *
           (size.tokens_max * (model.config().dim + model.scratch().shared_per_token) +
            threads * own_floats(model, size) + size.outputs_max * model.config().vocabulary);
}

}  // namespace linnet
