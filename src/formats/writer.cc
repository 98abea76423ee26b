#include "formats/writer.h"

#include <unistd.h>

#include <algorithm>
#include <optional>

#include "formats/encode.h"
#include "formats/locate.h"
#include "formats/part.h"

namespace linnet {
namespace {

// One file of the plan: tensors [first, first + count).
struct Output {
    Path path;
    Path temporary;
    size_t first = 0;
    size_t count = 0;
    bool begun = false;
};

std::string_view extension_of(Format format) {
    return format == Format::Gguf ? ".gguf" : ".safetensors";
}

std::string stem_of(const Path& path, Format format) {
    std::string name = path.filename().string();
    if (name.ends_with(extension_of(format)))
        name.resize(name.size() - extension_of(format).size());
    return name;
}

}  // namespace

struct CheckpointWriter::State {
    Path path;
    MetadataBuilder metadata;
    std::vector<TensorPlan> tensors;
    WriteOptions options;

    std::vector<Output> outputs;
    size_t output = 0;
    size_t tensor = 0;       // the one that is being written
    uint64_t remaining = 0;  // bytes of it
    std::optional<FileWriter> file;
    bool over = false;  // finished, or an error left a file that nobody should see

    ~State() {
        std::error_code ignored;
        for (const Output& each : outputs)
            if (each.begun && options.partial.empty())
                std::filesystem::remove(each.temporary, ignored);
    }

    Result<> check_plan() const;
    Result<> check_disk() const;
    void plan_outputs();
    std::string header(const Output& which) const;
    Result<> begin_output();
    Result<> take_up();
    Result<> end_tensor();
    Result<> move_on();
    Result<> append(Bytes data);
    Result<Path> write_index() const;
};

Result<> CheckpointWriter::State::check_plan() const {
    if (tensors.size() > tensors_max)
        return Error{Code::Usage, cat(tensors.size(), " tensors are more than ", tensors_max)};
    std::vector<std::string_view> names;
    for (const TensorPlan& each : tensors) {
        check(each.dtype != nullptr, "a planned tensor has a number format");
        names.push_back(each.name);
        auto values = each.shape.values();
        auto bytes = values ? each.dtype->bytes_of(*values) : std::nullopt;
        if (!bytes || *bytes >= uint64_t{1} << 48)
            return Error{Code::Usage, cat(tensor_text(each.name), " cannot have the shape ",
                                          shape_text(each.shape), " as ", each.dtype->name)};
    }
    std::ranges::sort(names);
    auto twin = std::ranges::adjacent_find(names);
    if (twin != names.end())
        return Error{Code::Usage, cat(tensor_text(*twin), " is planned twice")};
    return options.format == Format::Gguf ? check_gguf_plan(metadata, tensors, options)
                                          : check_safetensors_plan(metadata, tensors);
}

Result<> CheckpointWriter::State::check_disk() const {
    uint64_t needed = 0;
    for (const TensorPlan& each : tensors) needed += plan_bytes(each);
    uint64_t free = TRY(disk_free(path.parent_path()));
    if (needed > free)
        return Error{Code::NoFit,
                     cat("writing ", path, " needs ", bytes_text(needed), ", and ",
                         bytes_text(free), " are free there"),
                     "free some space, or name another place"};
    return Done{};
}

void CheckpointWriter::State::plan_outputs() {
    std::vector<std::pair<size_t, size_t>> ranges{{0, 0}};
    uint64_t bytes = 0;
    for (size_t i = 0; i < tensors.size(); i++) {
        uint64_t size = plan_bytes(tensors[i]);
        bool full = options.file_bytes_max > 0 && bytes + size > options.file_bytes_max;
        if (full && ranges.back().second > 0) {
            ranges.emplace_back(i, 0);
            bytes = 0;
        }
        ranges.back().second++;
        bytes += size;
    }
    PartName name{stem_of(path, options.format), 0, ranges.size()};
    for (auto [first, count] : ranges) {
        name.place++;
        Path target = ranges.size() == 1
                          ? path
                          : path.parent_path() / part_file_name(name, extension_of(options.format));
        // The process number keeps two writers apart; the last rename wins whole.
        Path temporary = options.partial.empty()
                             ? Path(cat(target.string(), ".", ::getpid(), ".tmp"))
                             : options.partial;
        outputs.push_back({target, temporary, first, count, false});
    }
}

std::string CheckpointWriter::State::header(const Output& which) const {
    auto range = std::span(tensors).subspan(which.first, which.count);
    if (options.format == Format::Safetensors) return safetensors_header(metadata, range);
    auto number = static_cast<size_t>(&which - outputs.data());
    return gguf_header(metadata, range, options.alignment,
                       {number, outputs.size(), tensors.size()});
}

Result<> CheckpointWriter::State::begin_output() {
    Output& next = outputs[output];
    file = TRY(FileWriter::open(next.temporary));
    next.begun = true;
    return file->append(as_bytes(header(next)));
}

// Goes on behind the tensors that are there.
Result<> CheckpointWriter::State::take_up() {
    const auto offsets = TRY(planned_offsets(metadata, tensors));
    Output& only = outputs.front();
    check(outputs.size() == 1 && options.kept <= tensors.size(), "one file is taken up");
    const uint64_t keep = offsets[options.kept];
    if (TRY(size_of_file(only.temporary)) < keep)
        return Error{Code::BadInput, cat(only.temporary, " is shorter than it was"), "begin anew"};
    file = TRY(FileWriter::open(only.temporary, keep));
    only.begun = true;
    tensor = options.kept;
    return Done{};
}

// Pads what was written and syncs a file that is whole.
Result<> CheckpointWriter::State::end_tensor() {
    if (options.format == Format::Gguf) {
        static constexpr std::byte zeros[65536] = {};
        uint64_t padded = *checked_align(file->size(), options.alignment);
        TRY(file->append(Bytes(zeros, padded - file->size())));
    }
    tensor++;
    return Done{};
}

// To the next tensor that has bytes, through the ends of files; empty tensors are done at once.
Result<> CheckpointWriter::State::move_on() {
    for (;;) {
        bool ended = tensor == outputs[output].first + outputs[output].count;
        if (ended) {
            TRY(file->sync());
            if (output + 1 == outputs.size()) return Done{};
            output++;
            TRY(begin_output());
            continue;
        }
        remaining = plan_bytes(tensors[tensor]);
        if (remaining > 0) return Done{};
        TRY(end_tensor());
    }
}

Result<> CheckpointWriter::State::append(Bytes data) {
    if (tensor == tensors.size() ? !data.empty() : data.size() > remaining)
        return Error{Code::Usage, cat(data.size(), " bytes are more than ",
                                      tensor == tensors.size()
                                          ? std::string("the planned tensors take")
                                          : tensor_text(tensors[tensor].name) + " still takes")};
    if (data.empty()) return Done{};
    TRY(file->append(data));
    remaining -= data.size();
    if (remaining > 0) return Done{};
    TRY(end_tensor());
    return move_on();
}

// The index beside sharded safetensors: which file holds which tensor.
Result<Path> CheckpointWriter::State::write_index() const {
    uint64_t total = 0;
    Json map = Json::object();
    for (const Output& each : outputs) {
        for (size_t i = each.first; i < each.first + each.count; i++) {
            total += plan_bytes(tensors[i]);
            map.as_object()->emplace_back(tensors[i].name, each.path.filename().string());
        }
    }
    Json index = Json::object(
        {{"metadata", Json::object({{"total_size", total}})}, {"weight_map", std::move(map)}});
    Path target = path.parent_path() / cat(stem_of(path, options.format), index_ending);
    TRY(write_file_atomic(target, index.pretty() + "\n"));
    return target;
}

CheckpointWriter::CheckpointWriter(std::unique_ptr<State> state) : state_(std::move(state)) {}
CheckpointWriter::CheckpointWriter(CheckpointWriter&&) noexcept = default;
CheckpointWriter& CheckpointWriter::operator=(CheckpointWriter&&) noexcept = default;
CheckpointWriter::~CheckpointWriter() = default;

Result<CheckpointWriter> CheckpointWriter::create(const Path& path, const MetadataBuilder& metadata,
                                                  std::vector<TensorPlan> tensors,
                                                  WriteOptions options) {
    auto state = std::make_unique<State>();
    state->path = path;
    state->metadata = metadata;
    state->tensors = std::move(tensors);
    state->options = options;
    TRY(state->check_plan());
    state->plan_outputs();
    if (state->outputs.size() > files_max)
        return Error{Code::Usage,
                     cat("that would make ", state->outputs.size(), " files; at most ", files_max,
                         " are written"),
                     "allow larger files"};
    TRY(state->check_disk());
    check(options.partial.empty() || state->outputs.size() == 1, "one file is taken up");
    TRY(options.kept > 0 ? state->take_up() : state->begin_output());
    TRY(state->move_on());
    return CheckpointWriter(std::move(state));
}

Result<> CheckpointWriter::append(Bytes data) {
    if (state_->over) return Error{Code::Usage, cat("writing ", state_->path, " already ended")};
    auto appended = state_->append(data);
    if (!appended) state_->over = true;
    return appended;
}

Result<std::vector<Path>> CheckpointWriter::finish() {
    if (state_->over) return Error{Code::Usage, cat("writing ", state_->path, " already ended")};
    if (state_->tensor < state_->tensors.size())
        return Error{Code::Usage, cat(tensor_text(state_->tensors[state_->tensor].name), " lacks ",
                                      state_->remaining, " bytes")};
    state_->file.reset();
    state_->over = true;
    std::vector<Path> written;
    // The first file last: who sees it, or the index after it, finds the others there.
    for (size_t i = state_->outputs.size(); i-- > 0;) {
        Output& each = state_->outputs[i];
        TRY(rename_durable(each.temporary, each.path));
        each.begun = false;
        written.push_back(each.path);
    }
    std::ranges::reverse(written);
    if (state_->options.format == Format::Safetensors && written.size() > 1)
        written.push_back(TRY(state_->write_index()));
    return written;
}

Result<std::vector<uint64_t>> planned_offsets(const MetadataBuilder& metadata,
                                              std::span<const TensorPlan> tensors) {
    const WriteOptions options;
    TRY(check_gguf_plan(metadata, tensors, options));
    std::vector<uint64_t> out{
        gguf_header(metadata, tensors, options.alignment, {0, 1, tensors.size()}).size()};
    for (const TensorPlan& tensor : tensors)
        out.push_back(*checked_align(out.back() + plan_bytes(tensor), options.alignment));
    return out;
}

Result<uint64_t> planned_file_bytes(const MetadataBuilder& metadata,
                                    std::span<const TensorPlan> tensors) {
    return TRY(planned_offsets(metadata, tensors)).back();
}

Result<std::vector<Path>> write_checkpoint(const Path& path, const MetadataBuilder& metadata,
                                           std::span<const Tensor> tensors, WriteOptions options) {
    std::vector<TensorPlan> plan;
    plan.reserve(tensors.size());
    for (const Tensor& tensor : tensors)
        plan.push_back({std::string(tensor.name), tensor.dtype, tensor.shape});
    auto writer = TRY(CheckpointWriter::create(path, metadata, std::move(plan), options));
    for (const Tensor& tensor : tensors) TRY(writer.append(tensor.data));
    return writer.finish();
}

}  // namespace linnet
