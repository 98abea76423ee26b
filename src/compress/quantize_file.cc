#include "compress/quantize_file.h"

#include <algorithm>
#include <atomic>
#include <cmath>

#include "base/text.h"
#include "compress/quantizer.h"
#include "trust/hash.h"

namespace linnet {
namespace {

// Values that are quantized between two writes.
constexpr uint64_t slab_values = 4 << 20;

// Rows of one matrix after the other; where a tensor has several (experts), each has importances of
// its own.
struct Rows {
    uint64_t columns, count, per_matrix;

    explicit Rows(const Tensor& tensor)
        : columns(tensor.shape.row()),
          count(tensor.values / columns),
          per_matrix(tensor.shape.rank() > 1 ? tensor.shape[tensor.shape.rank() - 2] : 1) {}
};

Result<const Importance::Entry*> importance_of(const Tensor& tensor, const Importance* importance) {
    const Importance::Entry* entry = importance ? importance->find(tensor.name) : nullptr;
    if (!entry) return entry;
    const Rows rows(tensor);
    const uint64_t wanted = rows.columns * (rows.count / rows.per_matrix);
    if (entry->sums.size() == wanted) return entry;
    // The embedding is looked up, not multiplied with; what is said of it is of no use.
    if (tensor.name == "token_embd.weight") return nullptr;
    return Error{Code::Usage,
                 cat("the importance matrix is of another model: it has ", entry->sums.size(),
                     " values for ", tensor.name, ", which has ", wanted, " columns"),
                 "make one of this model by linnet imatrix"};
}

// As llama.cpp's tools leave it: each key that is set anew moves to the end.
void set_last(MetadataBuilder& metadata, std::string_view key, auto value) {
    metadata.erase(key).set(key, value);
}

MetadataBuilder metadata_for(const Checkpoint& checkpoint, const QuantizeOptions& options) {
    MetadataBuilder out(checkpoint.metadata());
    constexpr uint32_t quantization_version = 2;
    set_last(out, "general.quantization_version", quantization_version);
    set_last(out, "general.file_type", options.mixture->file_type);
    for (std::string_view key :
         {"split.no", "split.count", "split.tensors.count", "general.alignment"})
        out.erase(key);
    if (const Importance* importance = options.importance) {
        set_last(out, "quantize.imatrix.file", options.importance_name);
        if (!importance->datasets.empty())
            set_last(out, "quantize.imatrix.dataset", importance->datasets.front());
        set_last(out, "quantize.imatrix.entries_count",
                 static_cast<uint32_t>(importance->entries.size()));
        if (importance->chunks > 0)
            set_last(out, "quantize.imatrix.chunks_count", importance->chunks);
    }
    return out;
}

// Quantizes rows first … first + count - 1; false where a weight is no number.
bool quantize_rows(const PlannedTensor& tensor, const Rows& rows, const float* means,
                   uint64_t first, uint64_t count, std::byte* out) {
    const Quantizer& quantizer = *quantizer_of(*tensor.dtype);
    const DType& from = *tensor.source->dtype;
    const uint64_t row_bytes = *from.bytes_of(rows.columns);
    const uint64_t out_bytes = *tensor.dtype->bytes_of(rows.columns);
    std::vector<float> row(rows.columns);
    for (uint64_t i = first; i < first + count; i++) {
        from.decode(tensor.source->data.data() + i * row_bytes, row.data(), rows.columns);
        if (!std::ranges::all_of(row, [](float x) { return std::isfinite(x); })) return false;
        quantizer.quantize(row.data(), means ? means + i / rows.per_matrix * rows.columns : nullptr,
                           rows.columns, out + (i - first) * out_bytes);
    }
    return true;
}

// The same with feedback.
bool round_rows(const PlannedTensor& tensor, const Rows& rows, const Feedback& feedback,
                uint64_t first, uint64_t count, std::byte* out) {
    const DType& from = *tensor.source->dtype;
    std::vector<float> weights(count * rows.columns);
    from.decode(tensor.source->data.data() + first * *from.bytes_of(rows.columns), weights.data(),
                weights.size());
    if (!std::ranges::all_of(weights, [](float x) { return std::isfinite(x); })) return false;
    quantize_with_feedback(*tensor.dtype, feedback, weights.data(), count, out);
    return true;
}

Error no_numbers(const PlannedTensor& tensor) {
    return Error{Code::BadInput, cat("tensor '", printable(tensor.source->name),
                                     "' has weights that are no numbers")};
}

class FileQuantizer {
  public:
    FileQuantizer(CheckpointWriter& writer, ThreadPool& pool, Progress& progress,
                  const Cancel& cancel, FeedbackSource* feedback, uint64_t done)
        : writer_(writer),
          pool_(pool),
          progress_(progress),
          cancel_(cancel),
          feedback_(feedback),
          done_(done) {}

    // Returns the digest of what was written.
    Result<Digest> add(const PlannedTensor& tensor) {
        written_ = {};
        if (!tensor.changes()) {
            TRY(copy(tensor));
            return written_.digest();
        }
        std::shared_ptr<const Feedback> feedback;
        if (feedback_ && tensor.rounds_with_feedback())
            feedback = TRY(feedback_->feedback_for(tensor));
        TRY(quantize(tensor, feedback.get()));
        return written_.digest();
    }

  private:
    Result<> copy(const PlannedTensor& tensor) {
        Bytes rest = tensor.source->data;
        while (!rest.empty()) {
            TRY(cancel_.check());
            Bytes piece = rest.first(std::min<size_t>(rest.size(), slab_values));
            TRY(append(piece));
            rest = rest.subspan(piece.size());
            advance(piece.size());
        }
        return Done{};
    }

    Result<> quantize(const PlannedTensor& tensor, const Feedback* feedback) {
        const Rows rows(*tensor.source);
        std::vector<float> means;
        if (tensor.importance) means = tensor.importance->means();
        const uint64_t out_bytes = *tensor.dtype->bytes_of(rows.columns);
        const uint64_t slab = std::max<uint64_t>(1, slab_values / rows.columns);
        for (uint64_t first = 0; first < rows.count; first += slab) {
            TRY(cancel_.check());
            const uint64_t count = std::min(slab, rows.count - first);
            blocks_.resize(count * out_bytes);
            std::atomic<bool> numbers = true;
            // Rows that are rounded with feedback go in groups, one per lane.
            constexpr size_t together = 16;
            pool_.for_each((count + together - 1) / together, [&](size_t begin, size_t end) {
                begin *= together, end = std::min<size_t>(count, end * together);
                std::byte* to = blocks_.data() + begin * out_bytes;
                bool done =
                    feedback ? round_rows(tensor, rows, *feedback, first + begin, end - begin, to)
                             : quantize_rows(tensor, rows, means.empty() ? nullptr : means.data(),
                                             first + begin, end - begin, to);
                if (!done) numbers = false;
            });
            if (!numbers) return no_numbers(tensor);
            TRY(append(blocks_));
            advance(count * tensor.source->data.size() / rows.count);
        }
        return Done{};
    }

    Result<> append(Bytes bytes) {
        written_.update(bytes);
        return writer_.append(bytes);
    }
    void advance(uint64_t bytes) { progress_.at(done_ += bytes); }

    CheckpointWriter& writer_;
    ThreadPool& pool_;
    Progress& progress_;
    const Cancel& cancel_;
    FeedbackSource* feedback_;
    std::vector<std::byte> blocks_;
    Sha256 written_;
    uint64_t done_;
};

constexpr std::string_view written_kind = "written";

Json written_entry(const PlannedTensor& tensor, uint64_t begin, const Digest& digest) {
    return Json::object(
        {{"type", tensor.dtype->name}, {"begin", begin}, {"digest", digest.text()}});
}

// The first so many tensors lie in the file of a run that was broken off, as they will be.
Result<size_t> count_written(const QuantizePlan& plan, std::span<const uint64_t> offsets,
                             const Path& partial, const Journal& journal) {
    std::error_code ignored;
    if (!std::filesystem::exists(partial, ignored)) return 0;
    const MappedFile file = TRY(MappedFile::open(partial));
    size_t count = 0;
    for (const PlannedTensor& tensor : plan.tensors) {
        const uint64_t begin = offsets[count];
        const Json* entry = journal.find(written_kind, tensor.source->name);
        if (!entry || offsets[count + 1] > file.bytes().size()) break;
        const Digest digest = sha256(file.bytes().subspan(begin, tensor.bytes()));
        if (entry->dump() != written_entry(tensor, begin, digest).dump()) break;
        count++;
    }
    return count;
}

}  // namespace

bool PlannedTensor::may_have_feedback() const {
    return is_quantizable(*source) && source->shape.rank() == 2;
}

bool PlannedTensor::rounds_with_feedback() const {
    return changes() && may_have_feedback() && takes_feedback(*dtype);
}

std::vector<TensorPlan> QuantizePlan::layout() const {
    std::vector<TensorPlan> out;
    for (const PlannedTensor& tensor : tensors)
        out.push_back({std::string(tensor.source->name), tensor.dtype, tensor.source->shape});
    return out;
}

Result<uint64_t> QuantizePlan::file_bytes() const {
    return planned_file_bytes(metadata, layout());
}

size_t QuantizePlan::quantized_before() const {
    return static_cast<size_t>(std::ranges::count_if(tensors, [](const PlannedTensor& tensor) {
        return tensor.changes() && tensor.source->dtype->block_values > 1;
    }));
}

double QuantizePlan::bits_per_weight() const {
    double bytes = 0, values = 0;
    for (const PlannedTensor& tensor : tensors) {
        if (!is_quantizable(*tensor.source)) continue;
        bytes += static_cast<double>(tensor.bytes());
        values += static_cast<double>(tensor.source->values);
    }
    return values > 0 ? 8 * bytes / values : 0;
}

Result<QuantizePlan> plan_quantization(const Checkpoint& checkpoint,
                                       const QuantizeOptions& options) {
    if (checkpoint.format() != Format::Gguf)
        return Error{Code::Unsupported, "only GGUF files are quantized yet",
                     "convert the folder by llama.cpp's convert_hf_to_gguf.py"};
    QuantizePlan plan{checkpoint, metadata_for(checkpoint, options), {}};
    for (const Tensor& tensor : checkpoint.tensors()) plan.tensors.push_back({.source = &tensor});
    std::ranges::sort(plan.tensors, [](const PlannedTensor& a, const PlannedTensor& b) {
        return tensor_before(a.source->name, b.source->name);
    });
    const Mixture& mixture = *options.mixture;
    const DType& base = *dtype_named(mixture.dtype);
    MixtureChooser chooser(mixture, MixtureModel::of(checkpoint, options.importance != nullptr));
    for (PlannedTensor& planned : plan.tensors) {
        const Tensor& tensor = *planned.source;
        planned.dtype = planned.wanted = tensor.dtype;
        if (!is_quantizable(tensor)) continue;
        const DType* named = recipe_dtype(options.rules, tensor.name);
        planned.wanted = named ? named : options.pure ? &base : &chooser.choose(tensor);
        planned.dtype = &fitting_dtype(*planned.wanted, tensor.shape.row());
        planned.importance = TRY(importance_of(tensor, options.importance));
        if (mixture.mix == Mix::Q2_K_S && planned.dtype->name == "q2_k" && !planned.importance &&
            !tensor.name.starts_with("token_embd") && tensor.name != "output.weight")
            return Error{
                Code::Usage,
                cat("Q2_K_S needs an importance matrix, and there is none for ", tensor.name),
                "make one by linnet imatrix, and name it by --imatrix"};
    }
    return plan;
}

Result<std::vector<std::byte>> quantize_tensor(const PlannedTensor& tensor, ThreadPool& pool,
                                               const Cancel& cancel) {
    TRY(cancel.check());
    const Rows rows(*tensor.source);
    std::vector<float> means;
    if (tensor.importance) means = tensor.importance->means();
    const uint64_t row_bytes = *tensor.dtype->bytes_of(rows.columns);
    std::vector<std::byte> out(rows.count * row_bytes);
    std::atomic<bool> numbers = true;
    pool.for_each(rows.count, [&](size_t begin, size_t end) {
        if (!quantize_rows(tensor, rows, means.empty() ? nullptr : means.data(), begin, end - begin,
                           out.data() + begin * row_bytes))
            numbers = false;
    });
    if (!numbers) return no_numbers(tensor);
    return out;
}

Path partial_path(const Path& path) {
    return cat(path.string(), ".part");
}

Result<> quantize_file(const QuantizePlan& plan, const Path& path, ThreadPool& pool,
                       Progress& progress, const Cancel& cancel, FeedbackSource* feedback,
                       Journal* journal) {
    WriteOptions options;
    const auto offsets = TRY(planned_offsets(plan.metadata, plan.layout()));
    if (journal) {
        options.partial = partial_path(path);
        options.kept = TRY(count_written(plan, offsets, options.partial, *journal));
    }
    auto writer = TRY(CheckpointWriter::create(path, plan.metadata, plan.layout(), options));
    uint64_t total = 0, done = 0;
    for (size_t i = 0; i < plan.tensors.size(); i++) {
        total += plan.tensors[i].source->data.size();
        if (i < options.kept) done = total;
    }
    FileQuantizer quantizer(writer, pool, progress, cancel, feedback, done);
    progress.count_in("");
    progress.begin(cat("writing ", path.filename()), total, done);
    for (size_t i = options.kept; i < plan.tensors.size(); i++) {
        const PlannedTensor& tensor = plan.tensors[i];
        const Digest digest = TRY(quantizer.add(tensor));
        if (journal)
            TRY(journal->add(written_kind, tensor.source->name,
                             written_entry(tensor, offsets[i], digest)));
    }
    TRY(writer.finish());
    progress.end();
    return Done{};
}

}  // namespace linnet
