#include "compress/importance.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "base/text.h"
#include "formats/writer.h"

namespace linnet {
namespace {

constexpr std::string_view sums_ending = ".in_sum2", counts_ending = ".counts";
constexpr std::string_view datasets_key = "imatrix.datasets", chunks_key = "imatrix.chunk_count",
                           chunk_tokens_key = "imatrix.chunk_size";

Error not_one(std::string why) {
    return Error{Code::BadInput, cat("it is no importance matrix: ", why),
                 "linnet imatrix and llama-imatrix make them"};
}

Result<std::vector<float>> floats_of(const Tensor& tensor) {
    if (tensor.dtype->name != "f32")
        return not_one(cat("'", printable(tensor.name), "' is not float32"));
    std::vector<float> out(tensor.values);
    std::memcpy(out.data(), tensor.data.data(), tensor.data.size());
    return out;
}

Result<Importance> read_gguf(const Path& path) {
    const Checkpoint file = TRY(Checkpoint::open(path));
    Importance out;
    std::map<std::string_view, std::pair<const Tensor*, const Tensor*>> pairs;
    for (const Tensor& tensor : file.tensors()) {
        std::string_view name = tensor.name;
        if (name.ends_with(sums_ending))
            pairs[name.substr(0, name.size() - sums_ending.size())].first = &tensor;
        else if (name.ends_with(counts_ending))
            pairs[name.substr(0, name.size() - counts_ending.size())].second = &tensor;
    }
    for (const auto& [name, pair] : pairs) {
        if (!pair.first || !pair.second)
            return not_one(cat("'", printable(name), "' has sums or counts alone"));
        out.entries.push_back(
            {std::string(name), TRY(floats_of(*pair.first)), TRY(floats_of(*pair.second))});
        for (float& count : out.entries.back().counts) count = std::round(count);
    }
    const Metadata& metadata = file.metadata();
    out.chunks = static_cast<uint32_t>(metadata.uint_of(chunks_key).value_or(0));
    out.chunk_tokens = static_cast<uint32_t>(metadata.uint_of(chunk_tokens_key).value_or(0));
    if (auto names = metadata.array_of(datasets_key))
        for (std::string_view name :
             names->to<std::string_view>().value_or(std::vector<std::string_view>{}))
            out.datasets.emplace_back(name);
    return out;
}

// The older form: for each entry its name, the number of calls and the values, which are sums over
// calls of means; then the number of chunks and the name of the text.
Result<Importance> from_dat(Bytes bytes) {
    Importance out;
    Reader reader(bytes);
    auto count = TRY(reader.read<int32_t>());
    if (count < 1) return not_one("it counts no entries");
    TRY(reader.plausible(static_cast<uint64_t>(count), 12));
    for (int32_t i = 0; i < count; i++) {
        Importance::Entry entry;
        auto length = TRY(reader.read<int32_t>());
        entry.tensor = as_text(TRY(reader.take(static_cast<uint32_t>(length))));
        auto calls = TRY(reader.read<int32_t>()), values = TRY(reader.read<int32_t>());
        if (values < 1) return not_one(cat("'", printable(entry.tensor), "' has no values"));
        Bytes raw = TRY(reader.take(uint64_t{4} * static_cast<uint32_t>(values)));
        entry.sums.resize(static_cast<size_t>(values));
        std::memcpy(entry.sums.data(), raw.data(), raw.size());
        entry.counts = {static_cast<float>(std::max(calls, 1))};
        out.entries.push_back(std::move(entry));
    }
    if (reader.remaining() >= 4) out.chunks = TRY(reader.read<uint32_t>());
    if (reader.remaining() >= 4) {
        auto length = TRY(reader.read<int32_t>());
        if (length > 0)
            out.datasets.emplace_back(as_text(TRY(reader.take(static_cast<uint32_t>(length)))));
    }
    return out;
}

Result<> check_entries(Importance& importance) {
    if (importance.entries.empty()) return not_one("it has no entries");
    std::ranges::sort(importance.entries, {}, &Importance::Entry::tensor);
    for (const Importance::Entry& entry : importance.entries) {
        auto number = [](float value) { return std::isfinite(value) && value >= 0; };
        if (entry.counts.empty() || entry.sums.size() % entry.counts.size() != 0)
            return not_one(cat("'", printable(entry.tensor), "' has ", entry.sums.size(),
                               " sums for ", entry.counts.size(), " counts"));
        if (!std::ranges::all_of(entry.sums, number) || !std::ranges::all_of(entry.counts, number))
            return not_one(
                cat("'", printable(entry.tensor), "' has values that are no numbers, or negative"));
    }
    return Done{};
}

}  // namespace

std::vector<float> Importance::Entry::means() const {
    std::vector<float> out(sums.size());
    const size_t columns = sums.size() / counts.size();
    for (size_t i = 0; i < sums.size(); i++) {
        const float count = counts[i / columns];
        out[i] = count > 0 ? sums[i] / count : 1;
    }
    return out;
}

Result<Importance> Importance::read(const Path& path) {
    MappedFile file = TRY(MappedFile::open(path));
    auto parsed = [&]() -> Result<Importance> {
        const bool is_gguf = as_text(file.bytes()).starts_with("GGUF");
        Importance out = TRY(is_gguf ? read_gguf(path) : from_dat(file.bytes()));
        TRY(check_entries(out));
        return out;
    }();
    if (!parsed) return std::move(parsed).error().within(printable(path.string()));
    return parsed;
}

Result<> Importance::write(const Path& path) const {
    MetadataBuilder metadata;
    metadata.set("general.type", "imatrix");
    metadata.set_array(datasets_key, std::span<const std::string>(datasets));
    metadata.set(chunks_key, chunks).set(chunk_tokens_key, chunk_tokens);
    const DType* f32 = dtype_named("f32");
    std::vector<TensorPlan> plan;
    for (const Entry& entry : entries) {
        const uint64_t matrices = entry.counts.size();
        plan.push_back(
            {cat(entry.tensor, sums_ending), f32, {matrices, entry.sums.size() / matrices}});
        plan.push_back({cat(entry.tensor, counts_ending), f32, {matrices, 1}});
    }
    auto writer = TRY(CheckpointWriter::create(path, metadata, std::move(plan)));
    for (const Entry& entry : entries) {
        TRY(writer.append(std::as_bytes(std::span(entry.sums))));
        TRY(writer.append(std::as_bytes(std::span(entry.counts))));
    }
    TRY(writer.finish());
    return Done{};
}

const Importance::Entry* Importance::find(std::string_view tensor) const {
    auto at = std::ranges::lower_bound(entries, tensor, {}, &Entry::tensor);
    return at != entries.end() && at->tensor == tensor ? &*at : nullptr;
}

}  // namespace linnet
