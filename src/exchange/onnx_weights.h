// The weights of an ONNX model, in the file beside it: floats as they are multiplied, or integers
// of 8 or 4 bits with a scale for each block of 32 inputs, which DequantizeLinear makes floats
// again. Runtimes that know the pattern multiply with the integers.
#pragma once

#include "base/file.h"
#include "exchange/gguf_to_folder.h"
#include "exchange/onnx_graph.h"

namespace linnet {

enum class OnnxNumbers { F32, F16, Int8, Int4 };

struct OnnxWeight {
    std::string name;
    OnnxType type = OnnxType::Float;
    std::vector<uint64_t> shape;
    uint64_t offset = 0, bytes = 0;  // of the file
};

inline constexpr uint64_t onnx_block = 32;  // inputs that share a scale

// What the file holds of some tensors. Of a matrix (outputs, inputs) that is multiplied with as
// integers these are "NAME.levels" of (inputs, outputs) and "NAME.scales" of (inputs / 32,
// outputs). Tensors are in the order of the plan; where head and embedding are one, its levels are
// those of "lm_head.weight".
class OnnxWeights {
  public:
    OnnxWeights(const ExportPlan& plan, OnnxNumbers numbers);

    const std::vector<OnnxWeight>& list() const { return list_; }
    bool has(std::string_view name) const;
    uint64_t bytes() const { return list_.back().offset + list_.back().bytes; }
    Result<> write(FileWriter& file, Progress& progress, const Cancel& cancel) const;

  private:
    struct Part {
        const ExportedTensor* tensor;
        bool as_levels;  // takes two of the list
    };
    void add(std::string name, OnnxType type, std::vector<uint64_t> shape, uint64_t bits);
    void add_part(const ExportedTensor& tensor, const std::string& name, bool as_levels);

    OnnxNumbers numbers_;
    std::vector<Part> parts_;
    std::vector<OnnxWeight> list_;
};

}  // namespace linnet
