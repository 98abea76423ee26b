// Which part of an adapter belongs to which place of a model. Both kinds of file are told apart by
// names, the order of rows, and whether projections and experts are kept in one tensor or in many;
// here each meets each.
#pragma once

#include <optional>
#include <vector>

#include "model/adapters/adapter_file.h"
#include "model/adapters/site.h"
#include "model/model.h"

namespace linnet {

// Some rows of a pair's product.
struct AdapterPart {
    const AdapterFile::Pair* pair;
    uint64_t matrix = 0;  // of a stack
    uint64_t first = 0;   // row of that matrix
    // Row i of the site is row order[i] of these, where they are not in the same order.
    std::vector<size_t> order{};
};

// What `file` adds at `site`; nothing where that is nothing, or of another shape.
std::optional<AdapterPart> part_for(const AdapterFile& file, const Model& model,
                                    const AdapterSite& site);
// A place of the tensor that a pair names, whatever its shape; null where there is none.
const AdapterSite* site_named_as(const AdapterFile& file, const Model& model,
                                 const AdapterFile::Pair& pair);

}  // namespace linnet
