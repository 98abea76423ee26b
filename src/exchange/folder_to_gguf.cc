#include "exchange/folder_to_gguf.h"

#include <algorithm>

#include "base/text.h"
#include "base/threads.h"
#include "exchange/gguf_tokenizer.h"
#include "model/families/family.h"

namespace linnet {
namespace {

// llama.cpp's number for the format of most weights.
uint32_t file_type(const std::vector<ImportedTensor>& tensors) {
    constexpr std::pair<std::string_view, uint32_t> numbers[] = {
        {"f32", 0}, {"f16", 1}, {"q4_0", 2}, {"q4_1", 3}, {"q8_0", 7}, {"bf16", 32}, {"mxfp4", 38}};
    uint32_t most = 0;
    uint64_t most_values = 0;
    for (auto [name, number] : numbers) {
        uint64_t values = 0;
        for (const ImportedTensor& tensor : tensors)
            if (tensor.plan.dtype->name == name) values += tensor.plan.shape.values().value_or(0);
        if (values > most_values) most = number, most_values = values;
    }
    return most;
}

std::string supported() {
    std::string out;
    for (const FolderStyle& style : folder_styles())
        out += cat(out.empty() ? "" : ", ", style.architecture);
    return out;
}

}  // namespace

std::vector<TensorPlan> ImportPlan::layout() const {
    std::vector<TensorPlan> out;
    for (const ImportedTensor& tensor : tensors) out.push_back(tensor.plan);
    return out;
}

Result<ImportPlan> plan_import(const Checkpoint& folder, WithTokenizer tokenizer) {
    if (folder.format() == Format::Gguf)
        return Error{Code::Usage, "the model is a GGUF file already"};
    ThreadPool nobody(1);
    Source source = TRY(Source::open(folder, Math::F32, nobody));
    const FolderStyle* style = folder_style(source.architecture());
    const Family* family = find_family(source.architecture());
    if (!style || !family)
        return Error{Code::Unsupported,
                     cat("folders of '", printable(source.architecture(), 60),
                         "' are not brought into GGUF"),
                     cat("these are: ", supported())};
    source.use(family->names, family->usual);
    ImportPlan plan{.folder = source.checkpoint(), .metadata = {}, .tensors = {}};
    plan.metadata.set("general.architecture", source.architecture());
    const std::string name = folder.folder().filename().string();
    plan.metadata.set("general.name", name);
    auto settings = TRY(write_gguf_settings(source, *style, plan.metadata));
    plan.tensors = TRY(plan_imported_tensors(source, *style, settings));
    const uint64_t rows = plan.tensors.front().plan.shape[0];
    plan.metadata.set(cat(source.architecture(), ".vocab_size"), static_cast<uint32_t>(rows));
    constexpr uint32_t quantization_version = 2;
    plan.metadata.set("general.file_type", file_type(plan.tensors));
    plan.metadata.set("general.quantization_version", quantization_version);
    if (tokenizer == WithTokenizer::Yes)
        TRY(write_gguf_tokenizer(folder, rows, plan.metadata, plan.warnings));
    return plan;
}

Result<> write_import(const ImportPlan& plan, const Path& path, Progress& progress,
                      const Cancel& cancel) {
    auto writer = TRY(CheckpointWriter::create(path, plan.metadata, plan.layout()));
    uint64_t total = 0, done = 0;
    for (const ImportedTensor& tensor : plan.tensors)
        total += *tensor.plan.dtype->bytes_of(*tensor.plan.shape.values());
    progress.count_in("");
    progress.begin(cat("writing ", path.filename()), total, 0);
    std::vector<std::byte> slab;
    for (const ImportedTensor& tensor : plan.tensors) {
        const uint64_t columns = tensor.plan.shape.rank() == 1 ? 1 : tensor.plan.shape.row();
        const uint64_t rows = *tensor.plan.shape.values() / columns;
        const uint64_t row_bytes = *tensor.plan.dtype->bytes_of(columns);
        constexpr uint64_t slab_bytes = 4 << 20;
        const uint64_t step = std::max<uint64_t>(1, slab_bytes / row_bytes);
        for (uint64_t first = 0; first < rows; first += step) {
            TRY(cancel.check());
            const uint64_t count = std::min(step, rows - first);
            slab.resize(count * row_bytes);
            read_rows(tensor, first, count, slab.data());
            TRY(writer.append(slab));
            progress.at(done += slab.size());
        }
    }
    TRY(writer.finish());
    progress.end();
    return Done{};
}

}  // namespace linnet
