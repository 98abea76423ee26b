// `linnet quantize --min-tps`: how fast a file answers on this machine, and the largest that is
// fast enough.
#pragma once

#include "base/threads.h"
#include "formats/checkpoint.h"
#include "linnet/command.h"

namespace linnet {

// Tokens a second of one answer, with the threads that `linnet run` would take.
Result<double> answer_speed(Context& context, const Checkpoint& checkpoint);

// A file of at most the bytes that were asked for.
struct FileSpeed {
    uint64_t bytes = 0;
    double tokens_per_second = 0;
};

// The bytes of a file that answers with at least `least` tokens a second, and hardly more where a
// larger one would not be faster. `try_size` makes the best file of a size and measures it; the
// first is asked for with `most` bytes. A token takes a time that grows with what is read for it,
// so two files tell the next one. NoFit where none is fast enough.
Result<uint64_t> size_for_speed(double least, uint64_t most,
                                FunctionRef<Result<FileSpeed>(uint64_t)> try_size);

}  // namespace linnet
