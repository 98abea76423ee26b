// A bench's report as one HTML page that needs nothing else: no script, no other file, no network.
#pragma once

#include <string>

#include "linnet/bench/report.h"

namespace linnet {

std::string bench_page(const BenchReport& report);

}  // namespace linnet
