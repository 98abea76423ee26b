// A checkpoint as the model builder sees it: GGUF's names for settings and tensors, whatever the
// file calls them. A Hugging Face folder is read through tables of names (names.h), so a family is
// written once.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "formats/checkpoint.h"
#include "model/adapters/site.h"
#include "model/matrix.h"
#include "model/names.h"

namespace linnet {

class Source {
  public:
    // Unsupported where the file does not say which architecture it holds.
    // Of the weights, weights_max bytes stay in memory.
    static Result<Source> open(Checkpoint checkpoint, Math math, ThreadPool& pool,
                               uint64_t weights_max = PackMemory::unlimited);

    const Checkpoint& checkpoint() const { return checkpoint_; }
    const std::string& architecture() const { return architecture_; }  // "llama", as GGUF has it
    // The family's own names, which come before the shared ones, and what its folders leave out.
    void use(std::span<const NamePair> names, std::span<const Usual> usual) {
        names_ = names;
        usual_ = usual;
    }
    bool from_hugging_face() const { return checkpoint_.format() != Format::Gguf; }

    // A setting such as "block_count" or "attention.head_count", or nothing where there is none.
    // Where the file has one value per layer, that of `layer`.
    std::optional<Json> setting(std::string_view name, uint32_t layer = 0) const;
    // All values of a setting that is a list of numbers; empty where it is missing or none.
    std::vector<float> floats(std::string_view name) const;
    // One of a folder's config.json under its own name; nothing for a GGUF file.
    std::optional<Json> document_setting(std::string_view name) const;
    // An error where it is missing, of another type, or out of range: settings size buffers.
    Result<uint32_t> need_uint(std::string_view name, uint32_t least, uint32_t most,
                               uint32_t layer = 0) const;
    Result<uint32_t> uint_or(std::string_view name, uint32_t least, uint32_t most, uint32_t other,
                             uint32_t layer = 0) const;
    Result<float> float_or(std::string_view name, float other) const;
    Result<bool> bool_or(std::string_view name, bool other) const;
    std::string string_or(std::string_view name, std::string_view other) const;

    // A tensor by GGUF's name: "blk.3.attn_q.weight".
    bool has(std::string_view name) const { return find(name) != nullptr; }
    // BadInput where it is missing or not (rows, columns); a vector has one row.
    Result<const Tensor*> need(std::string_view name, uint64_t rows, uint64_t columns) const;
    // Null where it is missing; an error where its shape is another.
    Result<const Tensor*> find_shaped(std::string_view name, uint64_t rows, uint64_t columns) const;
    Result<const Tensor*> need(std::string_view name) const;

    // Where a matrix lies within a tensor: some rows of it, or the other way round.
    struct Within {
        uint64_t first = 0;       // row
        uint64_t rows = 0;        // of the whole tensor; 0 where the matrix is all of it
        bool transposed = false;  // the tensor is (columns, rows)
    };
    // A matrix, repacked for the arithmetic of this model.
    Result<Matrix> matrix(std::string_view name, uint64_t rows, uint64_t columns,
                          Within within) const;
    Result<Matrix> matrix(std::string_view name, uint64_t rows, uint64_t columns) const {
        return matrix(name, rows, columns, Within{});
    }
    // The same for what was taken from a tensor by hand.
    Result<Matrix> ready(Matrix matrix, const Tensor& tensor) const;
    // Notes a place where adapters can change the model, and gives it its number.
    uint32_t add_site(AdapterSite site) const;
    const std::vector<AdapterSite>& sites() const { return *sites_; }
    const PackMemory& pack_memory() const { return *pack_memory_; }
    // All values of a tensor in float32, whatever its shape.
    Result<std::vector<float>> values(std::string_view name, uint64_t count) const;
    // A vector in float32; empty where it is missing and not needed.
    Result<std::vector<float>> vector(std::string_view name, uint64_t size, bool needed) const;

  private:
    Source(Checkpoint checkpoint, std::string architecture, Math math, ThreadPool& pool,
           uint64_t weights_max)
        : checkpoint_(std::move(checkpoint)),
          architecture_(std::move(architecture)),
          math_(math),
          pool_(pool),
          pack_memory_(std::make_shared<PackMemory>(weights_max)) {}
    const Tensor* find(std::string_view name) const;
    std::optional<Json> whole_setting(std::string_view name) const;
    // As the file calls it, for messages.
    std::string shown(std::string_view name) const;
    std::string shown_setting(std::string_view name) const;

    Checkpoint checkpoint_;
    std::string architecture_;
    Math math_;
    ThreadPool& pool_;
    std::shared_ptr<PackMemory> pack_memory_;
    std::shared_ptr<std::vector<AdapterSite>> sites_ = std::make_shared<std::vector<AdapterSite>>();
    Json config_;  // config.json of a Hugging Face folder
    std::span<const NamePair> names_;
    std::span<const Usual> usual_;
};

}  // namespace linnet
