#include "compress/deflated_size.h"

#include <zlib.h>

#include <algorithm>
#include <atomic>

namespace linnet {

Result<uint64_t> deflated_size(const Checkpoint& checkpoint, ThreadPool& pool,
                               const Cancel& cancel) {
    constexpr size_t piece_bytes = 4 << 20;  // far more than zlib looks back
    std::atomic<uint64_t> sum = 0;
    for (const MappedFile& file : checkpoint.files()) {
        const Bytes bytes = file.bytes();
        pool.for_each(
            (bytes.size() + piece_bytes - 1) / piece_bytes, [&](size_t begin, size_t end) {
                std::vector<Bytef> out(compressBound(piece_bytes));
                for (size_t i = begin; i < end && !cancel.requested(); i++) {
                    const Bytes piece =
                        bytes.subspan(i * piece_bytes)
                            .first(std::min(piece_bytes, bytes.size() - i * piece_bytes));
                    uLongf size = out.size();
                    const int done =
                        compress2(out.data(), &size, reinterpret_cast<const Bytef*>(piece.data()),
                                  piece.size(), Z_DEFAULT_COMPRESSION);
                    check(done == Z_OK, "zlib has the room that it asks for");
                    sum += size;
                }
            });
    }
    TRY(cancel.check());
    return sum.load();
}

}  // namespace linnet
