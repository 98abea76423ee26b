// A model on disk, whatever its format: named tensors and metadata, mapped and not read. GGUF
// (versions 1 to 3, split or whole), safetensors (sharded or whole) and Hugging Face folders open
// the same way.
//
// Opening checks every count, offset and name against the bytes that are there, so whoever uses a
// Checkpoint need not: a tensor's data has exactly the bytes that its type and shape ask for, no
// two tensors overlap, and no name comes twice. Values are not looked at. Immutable; copies share
// the mapping; const means that threads may share it.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "base/json.h"
#include "base/result.h"
#include "formats/metadata.h"
#include "tensor/dtype.h"
#include "tensor/shape.h"

namespace linnet {

struct Tensor {
    std::string_view name;
    const DType* dtype = nullptr;
    Shape shape;          // outermost first: (rows, columns)
    uint64_t values = 0;  // the product of the shape
    Bytes data;           // within file(s)[file]; no alignment is promised
    uint32_t file = 0;    // or in_memory

    static constexpr uint32_t in_memory = ~uint32_t{0};
};

enum class Format { Gguf, Safetensors };
std::string_view format_name(Format format);  // "GGUF", "safetensors"

class Checkpoint {
  public:
    // A GGUF file, any part of a split one ("x-00002-of-00003.gguf"), a safetensors file, its
    // index ("model.safetensors.index.json"), or a folder that holds one of these.
    static Result<Checkpoint> open(const Path& path);

    Format format() const;
    uint32_t version() const;    // of GGUF; 0 for safetensors
    const Path& path() const;    // of the first file
    const Path& folder() const;  // that holds the files and documents
    std::span<const MappedFile> files() const;
    uint64_t file_bytes() const;  // of all files

    // GGUF's key/values; for safetensors the strings of "__metadata__" in the first file.
    const Metadata& metadata() const;
    std::span<const Tensor> tensors() const;  // in file order
    const Tensor* find(std::string_view name) const;

    // Numbers that stand for a tensor, whatever the file has under that name.
    struct Replacement {
        std::string tensor;
        const DType* dtype;
        Shape shape;
        std::shared_ptr<const std::vector<std::byte>> data;
    };
    // The same model with these numbers, which it keeps, and without some tensors. REQUIRES: data
    // has the size of type and shape; none is left out and replaced.
    Checkpoint with(std::span<const Replacement> replacements,
                    std::span<const std::string_view> without = {}) const;

    // The JSON files that Hugging Face keeps beside safetensors: config.json, tokenizer.json,
    // tokenizer_config.json, generation_config.json. NotFound where there is none. Parsed on every
    // call. A GGUF file has no documents.
    bool has_document(std::string_view name) const;
    Result<Json> document(std::string_view name) const;
    // The text of a side file, such as chat_template.jinja.
    Result<std::string> document_text(std::string_view name) const;

    struct State;

  private:
    explicit Checkpoint(std::shared_ptr<const State> state) : state_(std::move(state)) {}
    std::shared_ptr<const State> state_;
};

}  // namespace linnet
