// What a format does to a matrix's products, found by rounding some of its rows.
#pragma once

#include "compress/quantize_file.h"

namespace linnet {

// tr(E H E') of some rows, always the same, with H from the feedback: each column's own square and
// how columns move together. Where there is no feedback, H is the importances alone. 0 for a format
// that loses nothing. `rounds_so`: with the feedback, if the format takes it, as the file will be.
// BadInput where weights are no numbers.
Result<double> rounding_error(const PlannedTensor& tensor, const DType& dtype,
                              const Feedback* feedback, bool rounds_so, ThreadPool& pool,
                              const Cancel& cancel);

}  // namespace linnet
