#include "exchange/gguf_to_folder.h"

#include <unistd.h>

#include <algorithm>

#include "base/text.h"
#include "base/threads.h"
#include "exchange/folder_config.h"
#include "exchange/folder_tokenizer.h"
#include "model/families/family.h"
#include "text/tokenizer_gguf.h"

namespace linnet {
namespace {

constexpr uint64_t slab_bytes = 4 << 20;

std::string_view torch_name(const DType& dtype) {
    return dtype.name == "f32" ? "float32" : dtype.name == "f16" ? "float16" : "bfloat16";
}

// Columns of a tensor as rows of values: a vector has one.
uint64_t columns_of(const Tensor& tensor) {
    return tensor.shape.rank() < 2 ? 1 : tensor.shape.row();
}

class TensorExporter {
  public:
    TensorExporter(const Source& source, const FolderStyle& style, const Family& family,
                   const DType& dtype)
        : source_(source), style_(style), family_(family), dtype_(dtype) {}

    Result<std::vector<ExportedTensor>> plan() {
        heads_ = TRY(source_.need_uint("attention.head_count", 1, 1024));
        kv_heads_ = TRY(source_.uint_or("attention.head_count_kv", 1, heads_, heads_));
        std::vector<ExportedTensor> out;
        for (const Tensor& tensor : source_.checkpoint().tensors())
            if (!tensor.name.starts_with("rope_"))  // of these config.json tells
                out.push_back(TRY(one(tensor)));
        return out;
    }

  private:
    Result<ExportedTensor> one(const Tensor& tensor) const {
        const auto names = folder_names(family_.names, tensor.name);
        const size_t rank = tensor.shape.rank();
        if (names.empty() || rank < 1 || rank > 2)
            return Error{Code::Unsupported,
                         cat("folders of ", source_.architecture(),
                             " have no place for the tensor '", printable(tensor.name), "'")};
        const uint64_t columns = columns_of(tensor);
        if (!tensor.dtype->decode || tensor.values == 0 ||
            (rank == 1 && tensor.dtype->block_values != 1) || !tensor.dtype->bytes_of(columns))
            return Error{Code::Unsupported, cat("the tensor '", printable(tensor.name),
                                                "' is of type ", tensor.dtype->name)};
        ExportedTensor made{.plan = {names.front(), &dtype_, tensor.shape}, .source = &tensor};
        if (rank == 1 && tensor.name.find("norm") != tensor.name.npos)
            made.offset = -style_.norm_offset;
        made.heads = TRY(heads_in_pairs(style_, tensor.name, tensor, {heads_, kv_heads_}));
        if (made.heads > 0) made.order = ExportedTensor::Order::PairsApart;
        return made;
    }

    const Source& source_;
    const FolderStyle& style_;
    const Family& family_;
    const DType& dtype_;
    uint32_t heads_ = 0, kv_heads_ = 0;
};

// Which row of the file becomes row `i` of the folder.
uint64_t file_row(const ExportedTensor& tensor, uint64_t i) {
    if (tensor.order == ExportedTensor::Order::Same) return i;
    const uint64_t head_rows = tensor.source->shape[0] / tensor.heads, within = i % head_rows;
    const uint64_t half = head_rows / 2;
    return i - within + within % half * 2 + within / half;
}

Result<> write_safetensors(const ExportPlan& plan, const Path& folder, Progress& progress,
                           const Cancel& cancel) {
    MetadataBuilder metadata;
    metadata.set("format", "pt");
    std::vector<TensorPlan> layout;
    uint64_t total = 0, done = 0;
    for (const ExportedTensor& tensor : plan.tensors) {
        layout.push_back(tensor.plan);
        total += tensor.source->values * tensor.plan.dtype->block_bytes;
    }
    constexpr uint64_t file_bytes_max = 5'000'000'000;
    auto writer = TRY(CheckpointWriter::create(
        folder / "model.safetensors", metadata, std::move(layout),
        {.format = Format::Safetensors, .file_bytes_max = file_bytes_max}));
    progress.count_in("");
    progress.begin("writing model.safetensors", total, 0);
    for (const ExportedTensor& tensor : plan.tensors)
        TRY(convert_rows(tensor, cancel, [&](Bytes slab) -> Result<> {
            progress.at(done += slab.size());
            return writer.append(slab);
        }));
    TRY(writer.finish());
    progress.end();
    return Done{};
}

Result<> write_documents(const ExportPlan& plan, const Path& folder) {
    for (auto [name, json] : {std::pair("config.json", &plan.config),
                              {"generation_config.json", &plan.generation_config},
                              {"tokenizer.json", &plan.tokenizer},
                              {"tokenizer_config.json", &plan.tokenizer_config}})
        if (!json->is_null()) TRY(write_file_atomic(folder / name, json->dump() + "\n"));
    return Done{};
}

}  // namespace

Result<ExportPlan> plan_export(const Checkpoint& file, const DType& dtype,
                               WithTokenizer tokenizer) {
    check(dtype.encode && dtype.block_values == 1, "a folder's weights are floats");
    if (file.format() != Format::Gguf)
        return Error{Code::Usage, "the model is a Hugging Face folder already"};
    ThreadPool nobody(1);
    Source source = TRY(Source::open(file, Math::F32, nobody));
    const FolderStyle* style = folder_style(source.architecture());
    const Family* family = find_family(source.architecture());
    if (!style || !family)
        return Error{Code::Unsupported, cat("models of '", printable(source.architecture(), 60),
                                            "' are not made into folders")};
    source.use(family->names, family->usual);
    ExportPlan plan{.file = file, .config = TRY(folder_config(source, *style, torch_name(dtype)))};
    plan.tensors = TRY(TensorExporter(source, *style, *family, dtype).plan());
    if (tokenizer == WithTokenizer::No) return plan;
    TokenizerData data = TRY(read_gguf_tokenizer(file.metadata()));
    plan.tokenizer_config = folder_tokenizer_config(data, file.metadata());
    plan.generation_config = folder_generation_config(data);
    for (std::string_view name : {"bos_token_id", "eos_token_id", "pad_token_id"})
        if (const Json* id = plan.generation_config.find(name)) plan.config.set(name, *id);
    plan.tokenizer = TRY(folder_tokenizer(std::move(data)));
    return plan;
}

void convert_row(const ExportedTensor& tensor, uint64_t i, float* out) {
    const Tensor& from = *tensor.source;
    const uint64_t columns = columns_of(from);
    const uint64_t from_bytes = *from.dtype->bytes_of(columns);
    from.dtype->decode(from.data.data() + file_row(tensor, i) * from_bytes, out, columns);
    for (uint64_t c = 0; c < columns; c++) out[c] += tensor.offset;
}

Result<> convert_rows(const ExportedTensor& tensor, const Cancel& cancel,
                      FunctionRef<Result<>(Bytes)> out) {
    const Tensor& from = *tensor.source;
    const DType& to = *tensor.plan.dtype;
    const uint64_t columns = columns_of(from), rows = from.values / columns;
    const uint64_t to_bytes = columns * to.block_bytes;
    const uint64_t step = std::max<uint64_t>(1, slab_bytes / to_bytes);
    std::vector<float> values(columns);
    std::vector<std::byte> slab;
    for (uint64_t first = 0; first < rows; first += step) {
        TRY(cancel.check());
        const uint64_t count = std::min(step, rows - first);
        slab.resize(count * to_bytes);
        for (uint64_t i = 0; i < count; i++) {
            convert_row(tensor, first + i, values.data());
            to.encode(values.data(), slab.data() + i * to_bytes, columns);
        }
        TRY(out(slab));
    }
    return Done{};
}

Result<> write_export(const ExportPlan& plan, const Path& folder, Progress& progress,
                      const Cancel& cancel) {
    return write_folder(plan, folder, [&](const Path& unfinished) {
        return write_safetensors(plan, unfinished, progress, cancel);
    });
}

Result<> write_folder(const ExportPlan& plan, const Path& folder,
                      FunctionRef<Result<>(const Path&)> write_weights) {
    std::error_code failed;
    if (std::filesystem::exists(folder, failed))
        return Error{Code::Usage, cat(folder, " is there already"), "name a folder that is not"};
    Path unfinished = folder;
    if (unfinished.filename().empty()) unfinished = unfinished.parent_path();
    unfinished += cat(".unfinished-", getpid());
    auto fill = [&]() -> Result<> {
        TRY(make_folders(unfinished));
        TRY(write_documents(plan, unfinished));
        TRY(write_weights(unfinished));
        return rename_durable(unfinished, folder);
    };
    Result<> written = fill();
    if (!written) std::filesystem::remove_all(unfinished, failed);
    return written;
}

}  // namespace linnet
