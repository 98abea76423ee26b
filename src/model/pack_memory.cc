#include "model/pack_memory.h"

#include <algorithm>

namespace linnet {

bool PackMemory::hold(uint64_t bytes) {
    const bool fits = bytes <= bytes_max_ - held_;
    (fits ? held_ : streamed_) += bytes;
    return fits;
}

void PackMemory::copied(const MappedFile& file, Bytes bytes) {
    auto offset = static_cast<uint64_t>(bytes.data() - file.bytes().data());
    file.done_with(offset, bytes.size());
    copied_.push_back({file, offset, bytes.size()});
}

void PackMemory::drop_copied() const {
    for (const Copied& part : copied_) part.file.done_with(part.offset, part.length);
}

Result<std::shared_ptr<std::byte>> PackMemory::take(uint64_t bytes) {
    // Memory is only used where it is written, so a stretch that is not filled costs nothing.
    constexpr uint64_t stretch_bytes = 256 << 20;
    auto room = Arena::room_for<std::byte>(bytes);
    if (!stretch_ || !room || *room > stretch_->capacity() - stretch_->used()) {
        auto arena = TRY(Arena::make(std::max(bytes, stretch_bytes), "a part of the weights"));
        stretch_ = std::make_shared<Arena>(std::move(arena));
    }
    std::byte* start = stretch_->take<std::byte>(bytes).data();
    return std::shared_ptr<std::byte>(stretch_, start);
}

}  // namespace linnet
