// The same measurement again and again for minutes: what a machine keeps of its speed when warm.
#pragma once

#include "base/progress.h"
#include "linnet/bench/report.h"
#include "measure/tree.h"

namespace linnet {

// Fills in report.sustained and report.samples as it goes, so that what was measured before an
// interruption is kept. REQUIRES: a plan of one configuration.
Result<> run_sustained(BenchRunner& runner, double seconds, const Tree& tree, Clock& clock,
                       EnergyMeter& meter, Progress& progress, const Cancel& cancel,
                       BenchReport& report);

// Points that a run of any length is put together in.
inline constexpr size_t sustained_points_max = 600;

}  // namespace linnet
