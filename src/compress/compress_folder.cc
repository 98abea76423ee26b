#include "compress/compress_folder.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "compress/compressed_layout.h"

namespace linnet {
namespace {

constexpr std::string_view ending = ".weight";

std::string_view module_of(const ExportedTensor& tensor) {
    return std::string_view(tensor.plan.name).substr(0, tensor.plan.name.size() - ending.size());
}

bool is_linear(const Tensor& tensor, bool head) {
    if (tensor.shape.rank() != 2 || !tensor.name.ends_with(ending)) return false;
    if (tensor.name == "output.weight") return head;
    return tensor.name.starts_with("blk.") && tensor.name.find("ffn_gate_inp") == tensor.name.npos;
}

// Norms and biases that something was folded into.
Checkpoint fold_vectors(const Checkpoint& checkpoint, const Folding& folding) {
    std::vector<Checkpoint::Replacement> made;
    for (const Tensor& tensor : checkpoint.tensors()) {
        const std::vector<float>* by = folding.rows(tensor.name);
        if (!by || tensor.shape.rank() != 1) continue;
        std::vector<float> values(tensor.values);
        tensor.dtype->decode(tensor.data.data(), values.data(), values.size());
        for (size_t i = 0; i < values.size(); i++) values[i] /= (*by)[i];
        const auto* bytes = reinterpret_cast<const std::byte*>(values.data());
        made.push_back({std::string(tensor.name), dtype_named("f32"), tensor.shape,
                        std::make_shared<const std::vector<std::byte>>(
                            bytes, bytes + values.size() * sizeof(float))});
    }
    return checkpoint.with(made);
}

class FolderWriter {
  public:
    FolderWriter(const CompressFolderPlan& plan, ThreadPool& pool, Progress& progress,
                 const Cancel& cancel)
        : plan_(plan),
          scheme_(plan.options.scheme),
          stored_(*plan.options.stored),
          pool_(pool),
          progress_(progress),
          cancel_(cancel) {}

    // Codes come first, as they are made; what they leave is small, and follows from the widest
    // numbers to the narrowest, so that all lie at multiples of their size.
    Result<> write(const Path& folder) {
        std::vector<TensorPlan> layout;
        for (const auto& matrix : plan_.matrices) {
            CompressedLayout one = TRY(layout_of(*matrix.tensor));
            layout.push_back(std::move(one.codes));
            for (TensorPlan& part : one.parts) rest_.push_back({std::move(part), nullptr, {}});
        }
        for (const ExportedTensor& tensor : plan_.folder.tensors)
            if (!plan_.is_quantized(tensor)) rest_.push_back({tensor.plan, &tensor, {}});
        std::vector<size_t> order(rest_.size());
        for (size_t i = 0; i < order.size(); i++) order[i] = i;
        std::ranges::sort(order, {}, [&](size_t i) {
            return std::pair(-static_cast<int>(rest_[i].plan.dtype->block_bytes), i);
        });
        for (size_t i : order) layout.push_back(rest_[i].plan);
        constexpr uint64_t file_bytes_max = 5'000'000'000;
        MetadataBuilder metadata;
        metadata.set("format", "pt");
        auto writer = TRY(CheckpointWriter::create(
            folder / "model.safetensors", metadata, std::move(layout),
            {.format = Format::Safetensors, .file_bytes_max = file_bytes_max}));
        TRY(write_matrices(writer));
        for (size_t i : order) {
            if (!rest_[i].plain) {
                TRY(writer.append(rest_[i].bytes));
                continue;
            }
            TRY(convert_rows(*rest_[i].plain, cancel_,
                             [&](Bytes slab) { return writer.append(slab); }));
        }
        TRY(writer.finish());
        return Done{};
    }

  private:
    struct Piece {
        TensorPlan plan;
        const ExportedTensor* plain;  // null for what belongs to a matrix
        std::vector<std::byte> bytes;
    };

    Result<CompressedLayout> layout_of(const ExportedTensor& tensor) const {
        return compressed_layout(module_of(tensor), scheme_, stored_, tensor.plan.shape[0],
                                 tensor.plan.shape[1]);
    }

    Result<> write_matrices(CheckpointWriter& writer) {
        uint64_t total = 0, done = 0;
        for (const auto& matrix : plan_.matrices) total += matrix.tensor->source->values;
        progress_.count_in("weights");
        progress_.begin("rounding", total, 0);
        size_t part = 0;
        for (const auto& matrix : plan_.matrices) {
            TRY(cancel_.check());
            const ExportedTensor& tensor = *matrix.tensor;
            const RoundedMatrix rounded = TRY(round(tensor));
            TRY(writer.append(pack_codes(rounded, scheme_)));
            for (auto& bytes : pack_parts(rounded, scheme_, stored_, TRY(input_range(tensor))))
                rest_[part++].bytes = std::move(bytes);
            progress_.at(done += tensor.source->values);
        }
        progress_.end();
        return Done{};
    }

    Result<float> input_range(const ExportedTensor& tensor) const {
        if (!scheme_.is_static()) return 0.0f;
        check(plan_.options.ranges != nullptr, "static ranges were measured");
        auto range = plan_.options.ranges->find(tensor.source->name);
        if (range == plan_.options.ranges->end())
            return Error{Code::Unsupported, cat("the text says nothing about what comes to '",
                                                printable(tensor.source->name), "'")};
        const Folding* folding = plan_.options.folding;
        return folding ? folding->folded(tensor.source->name, range->second).whole()
                       : range->second.whole();
    }

    Result<RoundedMatrix> round(const ExportedTensor& tensor) {
        const Tensor& source = *tensor.source;
        const uint64_t rows = source.shape[0], columns = source.shape[1];
        const std::vector<float> weights = TRY(weights_of(tensor));
        RoundingInput input{.scheme = scheme_,
                            .stored = stored_,
                            .weights = weights,
                            .rows = rows,
                            .columns = columns};
        const std::vector<float>* by =
            plan_.options.folding ? plan_.options.folding->columns(source.name) : nullptr;
        std::shared_ptr<const Feedback> feedback;
        if (plan_.options.feedback) feedback = TRY(plan_.options.feedback(source));
        if (feedback && by) feedback = std::make_shared<const Feedback>(feedback->divided(*by));
        input.feedback = feedback.get();
        const std::vector<float> costs = costs_of(source, feedback.get());
        input.costs = costs;
        if (scheme_.scales == FolderScheme::Scales::E4M3) input.farthest = farthest_of(source);
        return round_matrix(input, pool_);
    }

    // Rows as the folder has them.
    Result<std::vector<float>> weights_of(const ExportedTensor& tensor) {
        const Tensor& source = *tensor.source;
        const uint64_t rows = source.shape[0], columns = source.shape[1];
        const Folding* folding = plan_.options.folding;
        const std::vector<float>* by = folding ? folding->columns(source.name) : nullptr;
        const std::vector<float>* over = folding ? folding->rows(source.name) : nullptr;
        check(!over || tensor.order == ExportedTensor::Order::Same, "rows in the file's order");
        std::vector<float> out(rows * columns);
        pool_.for_each(rows, [&](size_t begin, size_t end) {
            for (size_t r = begin; r < end; r++) {
                float* row = out.data() + r * columns;
                convert_row(tensor, r, row);
                for (uint64_t c = 0; c < columns; c++) {
                    if (by) row[c] *= (*by)[c];
                    if (over) row[c] /= (*over)[r];
                }
            }
        });
        if (!std::ranges::all_of(out, [](float x) { return std::isfinite(x); }))
            return Error{Code::BadInput, cat("the tensor '", printable(source.name),
                                             "' has weights that are no numbers")};
        return out;
    }

    std::vector<float> costs_of(const Tensor& source, const Feedback* feedback) const {
        std::vector<float> out;
        for (size_t c = 0; feedback && c < feedback->columns(); c++)
            out.push_back(feedback->cost(c));
        if (feedback || !plan_.options.ranges) return out;
        auto range = plan_.options.ranges->find(source.name);
        if (range == plan_.options.ranges->end()) return out;
        const Folding* folding = plan_.options.folding;
        out = folding ? folding->folded(source.name, range->second).mean_squares
                      : range->second.mean_squares;
        for (float& cost : out) cost = std::max(cost, 1e-12f);
        return out;
    }

    // Programs that multiply several matrices at once want one scale for their scales.
    float farthest_of(const Tensor& source) {
        if (farthest_.empty()) {
            const Folding none;
            const Folding& folding = plan_.options.folding ? *plan_.options.folding : none;
            for (const FedMatrices& fed : fed_matrices(plan_.folder.file, false)) {
                float most = 0;
                for (const Tensor* matrix : fed.matrices)
                    for (float weight : folded_weights(*matrix, folding))
                        most = std::max(most, std::fabs(weight));
                for (const Tensor* matrix : fed.matrices)
                    farthest_[std::string(matrix->name)] = most;
            }
        }
        auto found = farthest_.find(source.name);
        return found == farthest_.end() ? 0 : found->second;
    }

    const CompressFolderPlan& plan_;
    const FolderScheme& scheme_;
    const DType& stored_;
    ThreadPool& pool_;
    Progress& progress_;
    const Cancel& cancel_;
    std::vector<Piece> rest_;  // those of matrices first, in their order
    std::map<std::string, float, std::less<>> farthest_;
};

}  // namespace

bool CompressFolderPlan::is_quantized(const ExportedTensor& tensor) const {
    return std::ranges::find(matrices, &tensor, &Matrix::tensor) != matrices.end();
}

uint64_t CompressFolderPlan::bytes_of(const ExportedTensor& tensor) const {
    auto matrix = std::ranges::find(matrices, &tensor, &Matrix::tensor);
    return matrix != matrices.end() ? matrix->bytes
                                    : *tensor.plan.dtype->bytes_of(tensor.source->values);
}

uint64_t CompressFolderPlan::bytes() const {
    uint64_t out = 0;
    for (const ExportedTensor& tensor : folder.tensors) out += bytes_of(tensor);
    return out;
}

double CompressFolderPlan::bits_per_weight() const {
    uint64_t bytes = 0, values = 0;
    for (const Matrix& matrix : matrices) {
        bytes += matrix.bytes;
        values += matrix.tensor->source->values;
    }
    return values == 0 ? 0 : 8.0 * static_cast<double>(bytes) / static_cast<double>(values);
}

unsigned usual_group(const Checkpoint& checkpoint) {
    for (unsigned group : {128u, 64u, 32u}) {
        const bool fits = std::ranges::all_of(checkpoint.tensors(), [&](const Tensor& tensor) {
            return !is_linear(tensor, false) || tensor.shape.row() % group == 0;
        });
        if (fits) return group;
    }
    return 16;
}

Result<CompressFolderPlan> plan_compressed_folder(const Checkpoint& checkpoint,
                                                  CompressFolderOptions options,
                                                  WithTokenizer tokenizer) {
    if (options.head && !checkpoint.find("output.weight"))
        return Error{Code::Usage, "the head of this model is its embedding",
                     "leave out --head: the embedding keeps its 16 bits"};
    const bool folds = options.folding && !options.folding->empty();
    CompressFolderPlan plan{
        TRY(plan_export(folds ? fold_vectors(checkpoint, *options.folding) : checkpoint,
                        *options.stored, tokenizer)),
        std::move(options)};
    for (const ExportedTensor& tensor : plan.folder.tensors) {
        if (!is_linear(*tensor.source, plan.options.head)) continue;
        const CompressedLayout layout =
            TRY(compressed_layout(module_of(tensor), plan.options.scheme, *plan.options.stored,
                                  tensor.plan.shape[0], tensor.plan.shape[1]));
        uint64_t bytes = *layout.codes.dtype->bytes_of(*layout.codes.shape.values());
        for (const TensorPlan& part : layout.parts)
            bytes += *part.dtype->bytes_of(*part.shape.values());
        plan.matrices.push_back({&tensor, bytes});
    }
    plan.folder.config.set("quantization_config",
                           quantization_config(plan.options.scheme, plan.options.head));
    return plan;
}

Result<> write_compressed_folder(const CompressFolderPlan& plan, const Path& path, ThreadPool& pool,
                                 Progress& progress, const Cancel& cancel) {
    return write_folder(plan.folder, path, [&](const Path& unfinished) {
        return FolderWriter(plan, pool, progress, cancel).write(unfinished);
    });
}

}  // namespace linnet
