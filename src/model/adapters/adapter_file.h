// An adapter on disk, for whatever model it may be: llama.cpp's GGUF file, or a folder of PEFT. The
// file is a stranger's; what is here has been checked as far as that goes without the model.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "formats/checkpoint.h"

namespace linnet {

struct AdapterFile {
    enum class Form { Gguf, Peft };
    // The low-rank update of one tensor, or of each of `count` matrices that are stacked in it.
    struct Pair {
        std::string name;  // of the tensor, ending in ".weight", as GGUF or the folder calls it
        const Tensor* down = nullptr;  // (count, rank, columns)
        const Tensor* up = nullptr;    // (count, rows, rank)
        uint64_t count = 1, rank = 0, rows = 0, columns = 0;
        float scale = 1;
    };

    // A GGUF file, a safetensors file of PEFT, or the folder that holds it. Unsupported where it is
    // more than low-rank updates, BadInput where it is broken, Usage where it is a model.
    static Result<AdapterFile> open(const Path& path);
    // Whether an opened file is an adapter, and not a model.
    static bool is_one(const Checkpoint& checkpoint);
    static Result<AdapterFile> read(Checkpoint checkpoint);

    Checkpoint checkpoint;
    Form form;
    std::string architecture{};  // of its model, "llama"; empty where the file does not say
    std::string base{};          // the name of its model, or empty
    double alpha = 0;
    std::vector<Pair> pairs{};  // sorted by name
    // The model's own head, which PEFT saves beside an update of it; else null.
    const Tensor* own_head = nullptr;

    const Pair* find(std::string_view name) const;
    // NoFit where the updates take more as floats. Whoever runs them counts them exactly.
    Result<> check_fits(std::optional<uint64_t> memory_max) const;
};

}  // namespace linnet
