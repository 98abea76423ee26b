// What lies in a folder for one quantized matrix: the tensors MODULE.weight_packed, weight_scale
// and the others, as compressed-tensors lays them out.
#pragma once

#include <string>
#include <vector>

#include "compress/rounded_matrix.h"
#include "formats/writer.h"

namespace linnet {

struct CompressedLayout {
    TensorPlan codes;
    std::vector<TensorPlan> parts{};  // the rest
};

// `module`: the name without ".weight". `stored`: the type of scales. Unsupported where the columns
// are no whole groups.
Result<CompressedLayout> compressed_layout(std::string_view module, const FolderScheme& scheme,
                                           const DType& stored, uint64_t rows, uint64_t columns);

// The bytes of the codes.
std::vector<std::byte> pack_codes(const RoundedMatrix& matrix, const FolderScheme& scheme);
// The bytes of each of the other parts, in the order of the layout. `input_range`: how far what
// the matrix is multiplied with goes; schemes with static ranges need it.
std::vector<std::vector<std::byte>> pack_parts(const RoundedMatrix& matrix,
                                               const FolderScheme& scheme, const DType& stored,
                                               float input_range);

}  // namespace linnet
