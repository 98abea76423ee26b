// Zip archives for tests: good ones, and ones that lie where they are told to.
#pragma once

#include <zlib.h>

#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "store/inflate.h"

namespace linnet::testing {

// A raw deflate stream, with a block boundary at least every `block_bytes` of the content.
inline std::string deflate_raw(std::string_view content, int level = 6, size_t block_bytes = 0) {
    z_stream stream{};
    check(deflateInit2(&stream, level, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY) == Z_OK,
          "zlib packs");
    // A block of its own costs a few bytes, a code table included where there are many symbols.
    constexpr size_t block_cost = 100;
    const size_t blocks = 1 + (block_bytes ? content.size() / block_bytes : 0);
    std::string out(deflateBound(&stream, content.size()) + blocks * block_cost, '\0');
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    while (true) {
        size_t piece = block_bytes ? std::min(block_bytes, content.size()) : content.size();
        stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(content.data()));
        stream.avail_in = static_cast<uInt>(piece);
        content.remove_prefix(piece);
        int status = deflate(&stream, content.empty() ? Z_FINISH : Z_BLOCK);
        check(status == Z_OK || status == Z_STREAM_END, "zlib goes on packing");
        if (status == Z_STREAM_END) break;
    }
    out.resize(stream.total_out);
    deflateEnd(&stream);
    return out;
}

struct Member {
    std::string name, content;
    bool deflated = true;
    uint16_t flags = 0;
    std::optional<uint16_t> method{};
    std::optional<uint64_t> claim_bytes{}, claim_offset{};
    std::optional<uint32_t> claim_crc{};
    size_t block_bytes = 0;
};

struct Archive {
    std::vector<Member> members;
    std::string comment{};
    bool zip64 = false;
    std::optional<uint64_t> claim_entries{}, claim_directory{};

    std::string bytes() const {
        std::string out, directory;
        for (const Member& member : members) {
            std::string packed = member.deflated
                                     ? deflate_raw(member.content, 6, member.block_bytes)
                                     : member.content;
            uint32_t crc = member.claim_crc.value_or(crc32_of(0, as_bytes(member.content)));
            uint16_t method = member.method.value_or(member.deflated ? 8 : 0);
            uint64_t offset = member.claim_offset.value_or(out.size());
            uint64_t size = member.claim_bytes.value_or(member.content.size());
            std::string local_extra(7, 'x');  // differs from the directory's, as it may
            put32(out, 0x04034b50);
            put_common(out, member, method, crc, packed.size(), member.content.size(), local_extra);
            out += member.name + local_extra + packed;
            add_entry(directory, member, method, crc, packed.size(), size, offset);
        }
        uint64_t at = claim_directory.value_or(out.size());
        uint64_t entries = claim_entries.value_or(members.size());
        out += directory;
        if (zip64) {
            uint64_t record = out.size();
            put32(out, 0x06064b50);
            put64(out, 44);
            put32(out, 45 | 45 << 16);
            put64(out, 0);
            put64(out, entries);
            put64(out, entries);
            put64(out, directory.size());
            put64(out, at);
            put32(out, 0x07064b50);
            put32(out, 0);
            put64(out, record);
            put32(out, 1);
        }
        put32(out, 0x06054b50);
        put32(out, 0);
        put16(out, zip64 ? 0xFFFF : static_cast<uint16_t>(entries));
        put16(out, zip64 ? 0xFFFF : static_cast<uint16_t>(entries));
        put32(out, zip64 ? 0xFFFFFFFF : static_cast<uint32_t>(directory.size()));
        put32(out, zip64 ? 0xFFFFFFFF : static_cast<uint32_t>(at));
        put16(out, static_cast<uint16_t>(comment.size()));
        return out + comment;
    }

  private:
    template <class T>
    static void put(std::string& out, T value) {
        out.append(reinterpret_cast<const char*>(&value), sizeof value);
    }
    static void put16(std::string& out, uint16_t value) { put(out, value); }
    static void put32(std::string& out, uint32_t value) { put(out, value); }
    static void put64(std::string& out, uint64_t value) { put(out, value); }

    static void put_common(std::string& out, const Member& member, uint16_t method, uint32_t crc,
                           uint64_t packed, uint64_t size, const std::string& extra) {
        put16(out, 20);
        put16(out, member.flags);
        put16(out, method);
        put32(out, 0);  // time
        put32(out, crc);
        put32(out, static_cast<uint32_t>(packed));
        put32(out, static_cast<uint32_t>(size));
        put16(out, static_cast<uint16_t>(member.name.size()));
        put16(out, static_cast<uint16_t>(extra.size()));
    }
    void add_entry(std::string& out, const Member& member, uint16_t method, uint32_t crc,
                   uint64_t packed, uint64_t size, uint64_t offset) const {
        std::string extra;
        if (zip64) {
            put16(extra, 1);
            put16(extra, 24);
            put64(extra, size);
            put64(extra, packed);
            put64(extra, offset);
        }
        put32(out, 0x02014b50);
        put16(out, 20);
        put_common(out, member, method, crc, zip64 ? 0xFFFFFFFF : packed, zip64 ? 0xFFFFFFFF : size,
                   extra);
        put16(out, 0);  // comment
        put16(out, 0);  // disk
        put16(out, 0);
        put32(out, 0);  // attributes
        put32(out, zip64 ? 0xFFFFFFFF : static_cast<uint32_t>(offset));
        out += member.name + extra;
    }
};

}  // namespace linnet::testing
