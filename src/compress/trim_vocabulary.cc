#include "compress/trim_vocabulary.h"

#include <algorithm>
#include <limits>
#include <unordered_set>

#include "base/text.h"
#include "text/kept_tokens.h"
#include "text/tokenizer_gguf.h"

namespace linnet {
namespace {

constexpr std::string_view by_token[] = {"token_embd.weight", "output.weight", "output.bias",
                                         "per_layer_token_embd.weight"};

bool has_row_for_each_token(const Tensor& tensor) {
    return std::ranges::find(by_token, tensor.name) != std::end(by_token);
}

// Values of the row that a token has.
uint64_t row_values(const Tensor& tensor) {
    return tensor.shape.rank() > 1 ? tensor.shape.row() : 1;
}

template <class T>
void keep_items(MetadataBuilder& metadata, std::string_view key, const std::vector<T>& all,
                std::span<const TokenId> kept) {
    std::vector<T> out;
    out.reserve(kept.size());
    for (TokenId id : kept) out.push_back(all[static_cast<size_t>(id)]);
    metadata.set_array(key, std::span<const T>(out));
}

// An array with an item for each token, as it was typed. The reader has looked at lengths and
// kinds.
void keep_items(MetadataBuilder& metadata, const Metadata& old, std::string_view key,
                std::span<const TokenId> kept) {
    auto array = old.array_of(key);
    if (!array) return;
    if (auto texts = array->to<std::string_view>()) return keep_items(metadata, key, *texts, kept);
    if (array->type() == ValueType::Float32 || array->type() == ValueType::Float64) {
        if (auto values = array->to<float>()) return keep_items(metadata, key, *values, kept);
        if (auto values = array->to<double>()) return keep_items(metadata, key, *values, kept);
    }
    if (auto values = array->to<int32_t>()) keep_items(metadata, key, *values, kept);
}

// Merges of which both parts and the whole are left, in their order.
void keep_merges(MetadataBuilder& metadata, const TokenizerData& data,
                 std::span<const TokenId> kept) {
    std::unordered_set<std::string_view> left;
    for (TokenId id : kept) left.insert(data.tokens[static_cast<size_t>(id)]);
    std::vector<std::string> out;
    for (const TokenizerData::Merge& merge : data.merges)
        if (left.contains(merge.left) && left.contains(merge.right) &&
            left.contains(merge.left + merge.right))
            out.push_back(cat(merge.left, " ", merge.right));
    metadata.set_array("tokenizer.ggml.merges", std::span<const std::string>(out));
}

// Ids of tokens under whatever name: tokenizer.ggml.eos_token_id and its like.
void renumber(MetadataBuilder& metadata, const Metadata& old, std::span<const TokenId> kept) {
    auto place = [&](uint64_t id) -> std::optional<uint32_t> {
        if (id > std::numeric_limits<int32_t>::max()) return std::nullopt;
        auto found = std::ranges::lower_bound(kept, static_cast<TokenId>(id));
        if (found == kept.end() || *found != static_cast<TokenId>(id)) return std::nullopt;
        return static_cast<uint32_t>(found - kept.begin());
    };
    for (const Metadata::Entry& entry : old.entries()) {
        if (!entry.key.starts_with("tokenizer.ggml.")) continue;
        if (entry.key.ends_with("_token_id")) {
            auto id = entry.value.as_uint();
            auto now = id ? place(*id) : std::nullopt;
            if (now)
                metadata.set(entry.key, *now);
            else
                metadata.erase(entry.key);  // of a token that the vocabulary never had
        } else if (entry.key.ends_with("_token_ids")) {
            std::vector<int32_t> ids;
            auto array = entry.value.as_array();
            auto old_ids = array ? array->to<uint64_t>() : std::nullopt;
            for (uint64_t id : old_ids.value_or(std::vector<uint64_t>()))
                if (auto now = place(id)) ids.push_back(static_cast<int32_t>(*now));
            metadata.set_array(entry.key, std::span<const int32_t>(ids));
        }
    }
}

MetadataBuilder trimmed_metadata(const Checkpoint& checkpoint, const TokenizerData& data,
                                 std::span<const TokenId> kept) {
    const Metadata& old = checkpoint.metadata();
    MetadataBuilder out(old);
    for (std::string_view key :
         {"tokenizer.ggml.tokens", "tokenizer.ggml.scores", "tokenizer.ggml.token_type"})
        keep_items(out, old, key, kept);
    if (data.kind == TokenizerData::Kind::Bpe) keep_merges(out, data, kept);
    renumber(out, old, kept);
    const std::string size_key =
        cat(old.string_of("general.architecture").value_or(""), ".vocab_size");
    if (old.find(size_key)) out.set(size_key, static_cast<uint32_t>(kept.size()));
    // Pieces of a split file, and a copy of the old tokenizer.
    for (std::string_view key : {"split.no", "split.count", "split.tensors.count",
                                 "general.alignment", "tokenizer.huggingface.json"})
        out.erase(key);
    return out;
}

Result<TensorPlan> trimmed_tensor(const Tensor& tensor, size_t tokens, size_t kept) {
    TensorPlan out{std::string(tensor.name), tensor.dtype, tensor.shape};
    if (!has_row_for_each_token(tensor)) return out;
    const uint64_t row = row_values(tensor);
    if (tensor.shape.rank() > 2 || tensor.shape[0] < tokens)
        return Error{Code::BadInput, cat("tensor '", tensor.name, "' of ", shape_text(tensor.shape),
                                         " has no row for each of the ", tokens, " tokens")};
    if (!tensor.dtype->bytes_of(row))
        return Error{Code::Unsupported, cat("rows of tensor '", tensor.name,
                                            "' share blocks, and cannot be taken out one by one")};
    out.shape = tensor.shape.rank() > 1 ? Shape{kept, row} : Shape{kept};
    return out;
}

// Collects rows, and writes them some megabytes at a time.
class RowWriter {
  public:
    RowWriter(CheckpointWriter& writer, Progress& progress, const Cancel& cancel)
        : writer_(writer), progress_(progress), cancel_(cancel) {}

    Result<> add_row(Bytes row) {
        held_.insert(held_.end(), row.begin(), row.end());
        return held_.size() < piece_bytes ? Done{} : end_tensor();
    }
    Result<> end_tensor() {
        TRY(write(held_));
        held_.clear();
        return Done{};
    }
    Result<> add_tensor(Bytes data) {
        for (; !data.empty(); data = data.subspan(std::min(data.size(), piece_bytes)))
            TRY(write(data.first(std::min(data.size(), piece_bytes))));
        return Done{};
    }

  private:
    static constexpr size_t piece_bytes = 4 << 20;
    Result<> write(Bytes piece) {
        TRY(cancel_.check());
        TRY(writer_.append(piece));
        progress_.at(done_ += piece.size());
        return Done{};
    }

    CheckpointWriter& writer_;
    Progress& progress_;
    const Cancel& cancel_;
    std::vector<std::byte> held_;
    uint64_t done_ = 0;
};

}  // namespace

Result<Tokenizer> TrimPlan::tokenizer() const {
    Metadata read = TRY(Metadata::make(metadata.entries()));
    return Tokenizer::make(TRY(read_gguf_tokenizer(read)));
}

Result<TrimPlan> plan_trimmed_vocabulary(const Checkpoint& checkpoint,
                                         std::span<const uint64_t> counts, size_t size) {
    if (checkpoint.format() != Format::Gguf)
        return Error{Code::Unsupported, "the vocabulary of GGUF files can be trimmed, no other",
                     "convert the model by linnet quantize first"};
    TokenizerData data = TRY(read_gguf_tokenizer(checkpoint.metadata()));
    TrimPlan plan{.checkpoint = checkpoint, .kept = {}, .metadata = {}, .tensors = {}};
    plan.kept = TRY(kept_tokens(data, counts, size));
    plan.metadata = trimmed_metadata(checkpoint, data, plan.kept);
    for (const Tensor& tensor : checkpoint.tensors())
        plan.tensors.push_back(TRY(trimmed_tensor(tensor, data.tokens.size(), plan.kept.size())));
    return plan;
}

Result<> write_trimmed(const TrimPlan& plan, const Path& path, Progress& progress,
                       const Cancel& cancel) {
    auto writer = TRY(CheckpointWriter::create(path, plan.metadata, plan.tensors));
    uint64_t total = 0;
    for (const TensorPlan& tensor : plan.tensors)
        total += tensor.dtype->bytes_of(*tensor.shape.values()).value_or(0);
    progress.count_in("");
    progress.begin(cat("writing ", path.filename()), total, 0);
    RowWriter rows(writer, progress, cancel);
    for (const Tensor& tensor : plan.checkpoint.tensors()) {
        if (!has_row_for_each_token(tensor)) {
            TRY(rows.add_tensor(tensor.data));
            continue;
        }
        const uint64_t bytes = *tensor.dtype->bytes_of(row_values(tensor));
        for (TokenId id : plan.kept)
            TRY(rows.add_row(tensor.data.subspan(static_cast<size_t>(id) * bytes, bytes)));
        TRY(rows.end_tensor());
    }
    TRY(writer.finish());
    progress.end();
    return Done{};
}

}  // namespace linnet
