// Writes a checkpoint, tensor after tensor, so that a model larger than memory can be converted.
// The files appear under their names only when all is written and synced; what breaks off leaves
// nothing behind, but where it is asked to (WriteOptions::partial).
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "formats/checkpoint.h"

namespace linnet {

struct TensorPlan {
    std::string name;
    const DType* dtype = nullptr;
    Shape shape;  // outermost first
};

struct WriteOptions {
    Format format = Format::Gguf;
    // More than that in tensors makes several files, "x-00001-of-00003.gguf" (for safetensors with
    // an index beside them). 0: one file. A tensor is never divided.
    uint64_t file_bytes_max = 0;
    uint32_t alignment = 32;  // of tensor data in GGUF; a power of two
    // For one file that is taken up again where writing broke off: its name until it is whole. What
    // was not finished stays there, and the first `kept` tensors are taken from it.
    Path partial{};
    size_t kept = 0;
};

class CheckpointWriter {
  public:
    // Plans the files and writes their headers. The order of `tensors` is kept.
    // For safetensors the metadata may hold strings only.
    static Result<CheckpointWriter> create(const Path& path, const MetadataBuilder& metadata,
                                           std::vector<TensorPlan> tensors,
                                           WriteOptions options = {});
    CheckpointWriter(CheckpointWriter&&) noexcept;
    CheckpointWriter& operator=(CheckpointWriter&&) noexcept;
    ~CheckpointWriter();  // removes what was not finished, if it is not to be taken up again

    // The next bytes of the tensors, in the order of the plan; a tensor may come in pieces, and
    // a piece may not go beyond its tensor.
    Result<> append(Bytes data);
    // REQUIRES (else an error): every tensor is whole. Gives the files their names; returns them.
    Result<std::vector<Path>> finish();

  private:
    struct State;
    explicit CheckpointWriter(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

// Where each tensor of the one GGUF file that such a plan makes begins, and where the file ends.
Result<std::vector<uint64_t>> planned_offsets(const MetadataBuilder& metadata,
                                              std::span<const TensorPlan> tensors);
// Bytes of the one GGUF file that such a plan makes, metadata and padding included.
Result<uint64_t> planned_file_bytes(const MetadataBuilder& metadata,
                                    std::span<const TensorPlan> tensors);

// Writes tensors that are already there, e.g. of another checkpoint.
Result<std::vector<Path>> write_checkpoint(const Path& path, const MetadataBuilder& metadata,
                                           std::span<const Tensor> tensors,
                                           WriteOptions options = {});

}  // namespace linnet
