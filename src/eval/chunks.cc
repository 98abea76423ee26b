#include "eval/chunks.h"

#include <algorithm>

#include "base/text.h"

namespace linnet {

Result<Chunks> Chunks::cut(std::span<const int32_t> tokens, size_t length,
                           const ChunkOptions& options) {
    size_t count = tokens.size() / length;
    if (count == 0)
        return Error{Code::Usage,
                     cat("the text has ", tokens.size(), " tokens, and a chunk takes ", length),
                     "use a longer text or a smaller --ctx"};
    if (options.chunks_max > 0) count = std::min(count, options.chunks_max);
    return Chunks(tokens, length, count, options.first_token);
}

std::span<const int32_t> Chunks::at(size_t index) {
    std::ranges::copy(tokens_.subspan(index * length(), length()), chunk_.begin());
    if (first_) chunk_[0] = *first_;
    return chunk_;
}

}  // namespace linnet
