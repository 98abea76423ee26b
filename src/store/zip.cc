#include "store/zip.h"

#include <optional>

namespace linnet {
namespace {

// PKWARE's APPNOTE 6.3.10, sections 4.3 and 4.4.
constexpr uint32_t header_mark = 0x04034b50, entry_mark = 0x02014b50, end_mark = 0x06054b50,
                   end64_mark = 0x06064b50, locator64_mark = 0x07064b50;
constexpr uint64_t end_bytes = 22, locator64_bytes = 20, end64_bytes = 56, entry_bytes = 46;
constexpr uint16_t zip64_field = 1;
constexpr uint32_t all32 = 0xFFFFFFFF;
constexpr uint16_t all16 = 0xFFFF;

Error broken(std::string_view why) {
    return {Code::BadInput, cat("not a usable zip archive: ", why)};
}

Result<> expect_mark(Reader& reader, uint32_t mark, std::string_view what) {
    if (TRY(reader.read<uint32_t>()) != mark)
        return broken(cat(what, " is not where it should be"));
    return Done{};
}

// The end record and its offset within the tail. It is the last one whose comment ends the file.
std::optional<uint64_t> find_end(Bytes tail) {
    if (tail.size() < end_bytes) return std::nullopt;
    for (uint64_t at = tail.size() - end_bytes + 1; at-- > 0;) {
        Reader reader(tail.subspan(at));
        if (*reader.read<uint32_t>() != end_mark) continue;
        Bytes rest = tail.subspan(at);
        uint16_t comment = *Reader(rest.subspan(20)).read<uint16_t>();
        if (end_bytes + comment == rest.size()) return at;
    }
    return std::nullopt;
}

Result<ZipDirectory> read_end64(Bytes tail, uint64_t end_at, uint64_t file_bytes) {
    if (end_at < locator64_bytes || tail.size() < end64_bytes)
        return broken("the zip64 locator is missing");
    Reader locator(tail.subspan(end_at - locator64_bytes, locator64_bytes));
    TRY(expect_mark(locator, locator64_mark, "the zip64 locator"));
    TRY(locator.read<uint32_t>());  // disk
    uint64_t offset = TRY(locator.read<uint64_t>());
    uint64_t tail_offset = file_bytes - tail.size();
    if (offset < tail_offset || offset - tail_offset > tail.size() - end64_bytes)
        return broken("the zip64 end record is out of place");
    Reader end(tail.subspan(offset - tail_offset));
    TRY(expect_mark(end, end64_mark, "the zip64 end record"));
    TRY(end.take(8 + 2 + 2 + 4 + 4 + 8));  // size, versions, disks, entries on this disk
    ZipDirectory place;
    place.entries = TRY(end.read<uint64_t>());
    place.bytes = TRY(end.read<uint64_t>());
    place.offset = TRY(end.read<uint64_t>());
    return place;
}

struct RawEntry {
    uint16_t flags, method;
    ZipEntry entry;
};

// Sizes and offset of 64 bits stand in an extra field, those that did not fit and in this order.
Result<> read_zip64_extra(Bytes extra, ZipEntry& entry) {
    Reader reader(extra);
    while (reader.remaining() >= 4) {
        uint16_t id = TRY(reader.read<uint16_t>());
        uint16_t length = TRY(reader.read<uint16_t>());
        Reader field(TRY(reader.take(length)));
        if (id != zip64_field) continue;
        if (entry.bytes == all32) entry.bytes = TRY(field.read<uint64_t>());
        if (entry.packed_bytes == all32) entry.packed_bytes = TRY(field.read<uint64_t>());
        if (entry.header_offset == all32) entry.header_offset = TRY(field.read<uint64_t>());
        return Done{};
    }
    return Done{};
}

Result<RawEntry> read_entry(Reader& reader) {
    RawEntry raw{};
    TRY(expect_mark(reader, entry_mark, "an entry of the directory"));
    TRY(reader.take(4));  // versions
    raw.flags = TRY(reader.read<uint16_t>());
    raw.method = TRY(reader.read<uint16_t>());
    TRY(reader.take(4));  // time
    raw.entry.crc32 = TRY(reader.read<uint32_t>());
    raw.entry.packed_bytes = TRY(reader.read<uint32_t>());
    raw.entry.bytes = TRY(reader.read<uint32_t>());
    uint16_t name_bytes = TRY(reader.read<uint16_t>());
    uint16_t extra_bytes = TRY(reader.read<uint16_t>());
    uint16_t comment_bytes = TRY(reader.read<uint16_t>());
    TRY(reader.take(2 + 2 + 4));  // disk, attributes
    raw.entry.header_offset = TRY(reader.read<uint32_t>());
    raw.entry.name = as_text(TRY(reader.take(name_bytes)));
    Bytes extra = TRY(reader.take(extra_bytes));
    TRY(read_zip64_extra(extra, raw.entry));
    TRY(reader.take(comment_bytes));
    return raw;
}

Result<ZipEntry> check_entry(RawEntry raw, const ZipDirectory& place) {
    ZipEntry& entry = raw.entry;
    std::string shown = printable(entry.name, 200);
    if (raw.flags & 1) return broken(cat("'", shown, "' is encrypted"));
    if (raw.method != 0 && raw.method != 8)
        return Error{Code::Unsupported,
                     cat("'", shown, "' is packed by method ", raw.method,
                         " in its zip archive; stored and deflated members can be read")};
    entry.deflated = raw.method == 8;
    if (!entry.deflated && entry.bytes != entry.packed_bytes)
        return broken(cat("'", shown, "' is stored but has two sizes"));
    // Deflate makes at most 1032 bytes of one.
    if (entry.deflated && entry.bytes / 1033 > entry.packed_bytes)
        return broken(cat("'", shown, "' claims to unpack to more than is possible"));
    auto begin = checked_add(entry.header_offset, zip_header_bytes);
    auto end = begin ? checked_add(*begin, entry.packed_bytes) : std::nullopt;
    if (!end || *end > place.offset)
        return broken(cat("'", shown, "' lies outside of the archive"));
    return std::move(entry);
}

}  // namespace

Result<ZipDirectory> find_zip_directory(Bytes tail, uint64_t file_bytes) {
    check(tail.size() <= file_bytes, "a tail is part of its file");
    auto end_at = find_end(tail);
    if (!end_at) return broken("it has no end record; the file is cut or something else");
    Reader end(tail.subspan(*end_at));
    TRY(end.take(4 + 2 + 2 + 2));  // mark, disks, entries on this disk
    ZipDirectory place;
    uint16_t entries = TRY(end.read<uint16_t>());
    uint32_t bytes = TRY(end.read<uint32_t>());
    uint32_t offset = TRY(end.read<uint32_t>());
    place = {offset, bytes, entries};
    if (entries == all16 || bytes == all32 || offset == all32)
        place = TRY(read_end64(tail, *end_at, file_bytes));
    uint64_t end_offset = file_bytes - tail.size() + *end_at;
    auto directory_end = checked_add(place.offset, place.bytes);
    if (!directory_end || *directory_end > end_offset)
        return broken("its directory is out of place");
    if (place.bytes > zip_directory_bytes_max)
        return Error{Code::Unsupported,
                     cat("a zip archive with a directory of ", bytes_text(place.bytes))};
    if (place.entries > place.bytes / entry_bytes)
        return broken("it claims more entries than its directory can hold");
    return place;
}

Result<ZipEntry> find_zip_entry(Bytes directory, const ZipDirectory& place, std::string_view name) {
    Reader reader(directory);
    std::optional<RawEntry> found;
    for (uint64_t i = 0; i < place.entries; i++) {
        RawEntry raw = TRY(read_entry(reader));
        if (raw.entry.name != name) continue;
        if (found) return broken(cat("'", printable(name, 200), "' occurs twice"));
        found = std::move(raw);
    }
    if (!found)
        return Error{Code::NotFound, cat("the archive holds no '", printable(name, 200), "'"),
                     "check the path within the archive"};
    return check_entry(std::move(*found), place);
}

Result<uint64_t> zip_data_offset(Bytes header, const ZipEntry& entry, const ZipDirectory& place) {
    Reader reader(header);
    TRY(expect_mark(reader, header_mark, "the header of a member"));
    TRY(reader.take(22));
    uint64_t name_bytes = TRY(reader.read<uint16_t>());
    uint64_t extra_bytes = TRY(reader.read<uint16_t>());
    uint64_t begin = entry.header_offset + zip_header_bytes + name_bytes + extra_bytes;
    if (begin + entry.packed_bytes > place.offset)
        return broken(cat("'", printable(entry.name, 200), "' lies outside of the archive"));
    return begin;
}

}  // namespace linnet
