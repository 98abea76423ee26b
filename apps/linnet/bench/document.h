// A bench's report as data: --json, and --csv.
#pragma once

#include "base/json.h"
#include "linnet/bench/report.h"
#include "linnet/output.h"

namespace linnet {

Json bench_document(const BenchReport& report);
std::string bench_csv(const BenchReport& report);
// For a terminal: the facts, then a line for each row.
void print_bench(Output& output, const BenchReport& report);

}  // namespace linnet
