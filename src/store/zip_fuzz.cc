// A whole zip archive: its directory, the member "m" and the unpacking of that.
#include "store/zip.h"

#include <algorithm>

#include "store/inflate.h"

using namespace linnet;

static Result<> unpack(Bytes zip) {
    Bytes tail = zip.last(std::min<size_t>(zip.size(), zip_tail_bytes));
    ZipDirectory place = TRY(find_zip_directory(tail, zip.size()));
    ZipEntry entry = TRY(find_zip_entry(zip.subspan(place.offset, place.bytes), place, "m"));
    uint64_t offset =
        TRY(zip_data_offset(zip.subspan(entry.header_offset, zip_header_bytes), entry, place));
    Bytes packed = zip.subspan(offset, entry.packed_bytes);
    if (!entry.deflated) return Done{};
    constexpr uint64_t bytes_max = 1'000'000;
    Inflater inflater;
    uint64_t made = 0;
    auto out = [&](Bytes bytes) -> Result<> {
        made += bytes.size();
        check(made <= bytes_max, "the bound holds");
        return Done{};
    };
    auto boundary = [&](const Inflater::Place& at) -> Result<> {
        check(at.out == made && at.in <= packed.size() && at.bits < 8, "boundaries are true");
        return Done{};
    };
    return inflater.feed(packed, out, boundary, bytes_max);
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    (void)unpack(Bytes(reinterpret_cast<const std::byte*>(data), size));
    return 0;
}
