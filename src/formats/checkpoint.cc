#include "formats/checkpoint.h"

#include <algorithm>
#include <numeric>
#include <set>

#include "formats/locate.h"
#include "formats/part.h"

namespace linnet {

struct Checkpoint::State {
    Format format = Format::Gguf;
    uint32_t version = 0;
    Path folder;
    std::vector<MappedFile> files;
    uint64_t file_bytes = 0;
    Metadata metadata;  // of the first file
    std::vector<Tensor> tensors;
    std::vector<uint32_t> by_name;  // places in tensors
    std::vector<std::deque<std::string>> texts;
    // Of a model with replaced tensors: what its names and settings lie in, and the new numbers.
    std::shared_ptr<const State> original;
    std::vector<std::shared_ptr<const std::vector<std::byte>>> replaced;

    Result<Part> read(const Path& path);
    void add(Part part);
    Result<> index_names();
    const Tensor* find(std::string_view name) const;

    Result<> open_gguf(const Path& path);
    Result<> open_split(const Path& path, uint64_t count);
    Result<> open_sharded(const Path& path);
};

namespace {

enum class Kind { Gguf, Safetensors, Index };

// What a file is, by its first bytes; where it is nothing that is read here, what it seems to be.
Result<Kind> detect(const Path& path, Bytes bytes) {
    std::string_view head = as_text(bytes.first(std::min<size_t>(bytes.size(), 64)));
    auto refuse = [&](Code code, std::string_view what, std::string_view next) {
        return Error{code, cat(path, " is ", what), std::string(next)};
    };
    if (head.starts_with("GGUF")) return Kind::Gguf;
    if (path.string().ends_with(index_ending)) return Kind::Index;
    if (head.size() > 8 && head[8] == '{') return Kind::Safetensors;
    if (head.empty()) return refuse(Code::BadInput, "empty", "get the file again");
    if (head.starts_with("version https://git-lfs"))
        return refuse(Code::BadInput, "a Git LFS pointer, not the model itself",
                      "fetch the file it points to: git lfs pull");
    for (std::string_view old : {"lmgg", "fmgg", "tjgg", "algg"})
        if (head.starts_with(old))
            return refuse(Code::Unsupported, "a GGML file from before GGUF",
                          "get the model as GGUF");
    if (head.starts_with("PK\3\4") || head.starts_with("\x80\2"))
        return refuse(Code::Unsupported, "a PyTorch pickle, which can run code",
                      "get the model as safetensors or GGUF");
    if (head.starts_with("<!DOCTYPE") || head.starts_with("<html"))
        return refuse(Code::BadInput, "a web page, not a model",
                      "the download went wrong: get the file again");
    if (path.extension() == ".gguf" || path.extension() == ".safetensors")
        return refuse(Code::BadInput,
                      cat("no ", path.extension(), " file: its first bytes are wrong"),
                      "the file is damaged: get it again");
    return refuse(Code::Unsupported, "neither a GGUF nor a safetensors file", "");
}

// A folder for files without one in their path.
Path folder_of(const Path& path) {
    return path.has_parent_path() ? path.parent_path() : Path(".");
}

}  // namespace

std::string_view format_name(Format format) {
    return format == Format::Gguf ? "GGUF" : "safetensors";
}

// Maps and reads one file; its errors name it.
Result<Part> Checkpoint::State::read(const Path& path) {
    MappedFile file = TRY(MappedFile::open(path));
    Kind kind = TRY(detect(path, file.bytes()));
    if (kind != (format == Format::Gguf ? Kind::Gguf : Kind::Safetensors))
        return Error{Code::BadInput, cat(path, " is not a ", format_name(format), " file")};
    auto part = kind == Kind::Gguf ? read_gguf(file.bytes()) : read_safetensors(file.bytes());
    if (!part) {
        Error error = std::move(part).error().within(cat(path));
        if (error.code == Code::BadInput && error.next.empty())
            error.next = "the file is damaged or was made wrongly: get it again, or elsewhere";
        return error;
    }
    file_bytes += file.bytes().size();
    files.push_back(std::move(file));
    return part;
}

// Appends what the file that was read last holds.
void Checkpoint::State::add(Part part) {
    auto file = static_cast<uint32_t>(files.size() - 1);
    for (Tensor& tensor : part.tensors) tensor.file = file;
    if (file == 0) {
        version = part.version;
        metadata = std::move(part.metadata);
        tensors = std::move(part.tensors);
    } else {
        tensors.insert(tensors.end(), part.tensors.begin(), part.tensors.end());
    }
    texts.push_back(std::move(part.texts));
}

Result<> Checkpoint::State::index_names() {
    by_name.resize(tensors.size());
    std::iota(by_name.begin(), by_name.end(), 0u);
    auto name = [&](uint32_t i) { return tensors[i].name; };
    std::ranges::sort(by_name, {}, name);
    auto twin = std::ranges::adjacent_find(by_name, {}, name);
    if (twin != by_name.end())
        return Error{Code::BadInput,
                     cat(files[0].path(), ": ", tensor_text(name(*twin)), " occurs twice")};
    return Done{};
}

const Tensor* Checkpoint::State::find(std::string_view name) const {
    auto name_of = [&](uint32_t i) { return tensors[i].name; };
    auto at = std::ranges::lower_bound(by_name, name, {}, name_of);
    return at != by_name.end() && name_of(*at) == name ? &tensors[*at] : nullptr;
}

Result<> Checkpoint::State::open_gguf(const Path& path) {
    Part part = TRY(read(path));
    uint64_t count = part.metadata.uint_of("split.count").value_or(1);
    if (count > 1) return open_split(path, count);
    add(std::move(part));
    return index_names();
}

// All parts of the split model that `path` is one of.
Result<> Checkpoint::State::open_split(const Path& path, uint64_t count) {
    auto name = parse_part_name(path.filename().string(), ".gguf");
    if (!name || name->count != count)
        return Error{
            Code::BadInput,
            cat(path, " is part of a model in ", count, " files, but its name does not say which"),
            "give the parts their names back: MODEL-00001-of-00003.gguf"};
    if (count > files_max)
        return Error{Code::Unsupported, cat(path, " is part of a model in ", count,
                                            " files; at most ", files_max, " are read")};
    files.clear();
    file_bytes = 0;
    for (uint64_t i = 0; i < count; i++) {
        name->place = i + 1;
        Path part_path = folder / part_file_name(*name, ".gguf");
        auto part = read(part_path);
        if (!part && part.error().code == Code::NotFound)
            return Error{Code::NotFound, cat(part_path, " is missing: part ", i + 1, " of ", count),
                         "put all parts of the model into one folder"};
        if (!part) return std::move(part).error();
        if (part->metadata.uint_of("split.no") != i ||
            part->metadata.uint_of("split.count") != count)
            return Error{Code::BadInput, cat(part_path, " does not say inside that it is part ",
                                             i + 1, " of ", count)};
        if (tensors.size() + part->tensors.size() > tensors_max)
            return Error{Code::BadInput, cat(path, ": the parts have more than ", tensors_max,
                                             " tensors together")};
        add(*std::move(part));
    }
    auto claimed = metadata.uint_of("split.tensors.count");
    if (claimed && *claimed != tensors.size())
        return Error{Code::BadInput, cat(files[0].path(), ": the parts hold ", tensors.size(),
                                         " tensors, but should hold ", *claimed)};
    return index_names();
}

Result<> Checkpoint::State::open_sharded(const Path& path) {
    ShardIndex index = TRY(read_shard_index(path));
    for (const std::string& name : index.files) {
        auto part = read(folder / name);
        if (!part && part.error().code == Code::NotFound)
            return Error{Code::NotFound,
                         cat(folder / name, " is missing, which ", path.filename(), " names"),
                         "get all files of the model"};
        if (!part) return std::move(part).error();
        if (tensors.size() + part->tensors.size() > tensors_max)
            return Error{Code::BadInput, cat(path, ": the files have more than ", tensors_max,
                                             " tensors together")};
        add(*std::move(part));
    }
    TRY(index_names());
    for (const ShardIndex::Entry& entry : index.entries) {
        const Tensor* tensor = find(entry.tensor);
        if (!tensor || tensor->file != entry.file)
            return Error{Code::BadInput, cat(path, ": ", tensor_text(entry.tensor), " is not in ",
                                             index.files[entry.file], " as the index says")};
    }
    return Done{};
}

Result<Checkpoint> Checkpoint::open(const Path& named) {
    std::error_code ignored;
    Path path = std::filesystem::is_directory(named, ignored) ? TRY(model_in_folder(named)) : named;
    auto state = std::make_shared<State>();
    state->folder = folder_of(path);
    MappedFile file = TRY(MappedFile::open(path));
    switch (TRY(detect(path, file.bytes()))) {
        case Kind::Gguf:
            TRY(state->open_gguf(path));
            break;
        case Kind::Safetensors:
            state->format = Format::Safetensors;
            state->add(TRY(state->read(path)));
            TRY(state->index_names());
            break;
        case Kind::Index:
            state->format = Format::Safetensors;
            TRY(state->open_sharded(path));
            break;
    }
    return Checkpoint(std::move(state));
}

Format Checkpoint::format() const {
    return state_->format;
}
uint32_t Checkpoint::version() const {
    return state_->version;
}
const Path& Checkpoint::path() const {
    return state_->files[0].path();
}
const Path& Checkpoint::folder() const {
    return state_->folder;
}
std::span<const MappedFile> Checkpoint::files() const {
    return state_->files;
}
uint64_t Checkpoint::file_bytes() const {
    return state_->file_bytes;
}
const Metadata& Checkpoint::metadata() const {
    return state_->metadata;
}
std::span<const Tensor> Checkpoint::tensors() const {
    return state_->tensors;
}
Checkpoint Checkpoint::with(std::span<const Replacement> replacements,
                            std::span<const std::string_view> without) const {
    auto state = std::make_shared<State>(*state_);
    state->original = state_;
    const std::set<std::string_view> left_out(without.begin(), without.end());
    std::erase_if(state->tensors, [&](const Tensor& each) { return left_out.contains(each.name); });
    check(bool(state->index_names()), "what is left has the names that it had");
    auto& names = state->texts.emplace_back();
    const size_t kept = state->tensors.size();
    for (const Replacement& each : replacements) {
        const Tensor* old = state->find(each.tensor);
        Tensor tensor{.name = old ? old->name : names.emplace_back(each.tensor),
                      .dtype = each.dtype,
                      .shape = each.shape,
                      .values = each.shape.values().value_or(0),
                      .data = *each.data,
                      .file = Tensor::in_memory};
        check(each.dtype->bytes_of(tensor.values) == each.data->size(),
              "data of the tensor's size");
        if (old)
            state->tensors[static_cast<size_t>(old - state->tensors.data())] = tensor;
        else
            state->tensors.push_back(tensor);
        state->replaced.push_back(each.data);
    }
    check(kept == state->tensors.size() || bool(state->index_names()), "new names, each once");
    return Checkpoint(std::move(state));
}

const Tensor* Checkpoint::find(std::string_view name) const {
    return state_->find(name);
}

}  // namespace linnet
