// AWQ (Lin et al., 2023, equations 2 to 5): the columns that are multiplied with the most are made
// larger before rounding, so that they lose less of what they mean, and smaller after.
#pragma once

#include "base/cancel.h"
#include "base/progress.h"
#include "base/threads.h"
#include "compress/folder_scheme.h"
#include "compress/folding.h"

namespace linnet {

// Factors for the columns behind each norm, and behind matrices: sizes of what comes to them to
// some power, that which leaves the least error of some rows' products. Adds to `folding`.
Result<> fold_salient_columns(const Checkpoint& checkpoint, const ActivationRanges& ranges,
                              const FolderScheme& scheme, const DType& stored, Folding& folding,
                              ThreadPool& pool, Progress& progress, const Cancel& cancel);

}  // namespace linnet
