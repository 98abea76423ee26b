#include "store/partial.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "base/text.h"

namespace linnet {
namespace {

constexpr int64_t version = 1;
constexpr uint64_t mark_bytes_max = 65'536;

struct Mark {
    PartialSource source;
    uint64_t bytes = 0;
    Digest prefix;
    std::optional<Inflater::Place> place;
};

std::string mark_text(const Mark& mark) {
    Json json = Json::object({{"linnet_partial", version},
                              {"source", mark.source.text},
                              {"validator", mark.source.validator},
                              {"bytes", mark.bytes},
                              {"sha256", mark.prefix.hex()}});
    if (mark.place)
        json.set("packed", Json::object({{"in", mark.place->in}, {"bits", mark.place->bits}}));
    return json.pretty() + "\n";
}

// Nothing where the text is no mark; then the download begins anew.
std::optional<Mark> parse_mark(std::string_view text) {
    auto json = Json::parse(text, {.depth_max = 4, .values_max = 100});
    if (!json || json->int_or("linnet_partial", 0) != version) return std::nullopt;
    Mark mark;
    mark.source = {json->string_or("source", ""), json->string_or("validator", "")};
    auto digest = parse_sha256_hex(json->string_or("sha256", ""));
    const Json* bytes = json->find("bytes");
    if (!digest || !bytes || !bytes->as_uint()) return std::nullopt;
    mark.prefix = *digest;
    mark.bytes = *bytes->as_uint();
    if (const Json* packed = json->find("packed")) {
        const Json *in = packed->find("in"), *bits = packed->find("bits");
        if (!in || !in->as_uint() || !bits || !bits->as_uint() || *bits->as_uint() > 7)
            return std::nullopt;
        mark.place = {*in->as_uint(), static_cast<uint32_t>(*bits->as_uint()), mark.bytes};
    }
    return mark;
}

Result<Descriptor> open_to_read(const Path& path) {
    Descriptor descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (descriptor.get() < 0) return system_error(errno, "read", path);
    return descriptor;
}

}  // namespace

Result<Partial> Partial::open(const Layout& layout, const std::string& key, const Cancel& cancel) {
    TRY(make_folders(layout.partials()));
    Partial partial;
    partial.path_ = layout.partials() / key;
    TRY(partial.read_mark(cancel));
    return partial;
}

Result<> Partial::read_mark(const Cancel& cancel) {
    auto text = read_file(mark_path(), mark_bytes_max);
    auto mark = text ? parse_mark(*text) : std::nullopt;
    auto there = size_of_file(path_);
    if (mark && there && *there >= mark->bytes) {
        auto hashed = hash_prefix(mark->bytes, cancel);
        if (!hashed && hashed.error().code == Code::Interrupted) return hashed;
        if (hashed && hash_.digest() == mark->prefix) {
            writer_ = TRY(FileWriter::open(path_, mark->bytes));
            source_ = std::move(mark->source);
            place_ = mark->place;
            keep_state();
            return Done{};
        }
    }
    return restart({});
}

Result<> Partial::hash_prefix(uint64_t bytes, const Cancel& cancel) {
    Descriptor file = TRY(open_to_read(path_));
    std::vector<std::byte> chunk(1 << 20);
    hash_ = Sha256();
    crc32_ = 0;
    while (bytes > 0) {
        TRY(cancel.check());
        ssize_t got = ::read(file.get(), chunk.data(), std::min<uint64_t>(chunk.size(), bytes));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return system_error(errno, "read", path_);
        if (got == 0) return Error{Code::Io, cat(path_, " became shorter")};
        Bytes piece = Bytes(chunk).first(static_cast<size_t>(got));
        hash_.update(piece);
        crc32_ = crc32_of(crc32_, piece);
        bytes -= piece.size();
    }
    return Done{};
}

Result<std::string> Partial::window() const {
    Descriptor file = TRY(open_to_read(path_));
    std::string out(std::min(bytes(), Inflater::window_bytes), '\0');
    for (size_t done = 0; done < out.size();) {
        ssize_t got = ::pread(file.get(), out.data() + done, out.size() - done,
                              static_cast<off_t>(bytes() - out.size() + done));
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return system_error(got < 0 ? errno : EIO, "read", path_);
        done += static_cast<size_t>(got);
    }
    return out;
}

Result<> Partial::restart(PartialSource source) {
    ::unlink(mark_path().c_str());
    writer_ = TRY(FileWriter::open(path_, 0));
    source_ = std::move(source);
    place_.reset();
    hash_ = Sha256();
    crc32_ = 0;
    keep_state();
    return Done{};
}

Result<> Partial::rewind() {
    if (bytes() == marked_.bytes) return Done{};
    writer_ = TRY(FileWriter::open(path_, marked_.bytes));
    hash_ = marked_.hash;
    crc32_ = marked_.crc32;
    return Done{};
}

Result<> Partial::append(Bytes bytes) {
    TRY(writer_.append(bytes));
    hash_.update(bytes);
    crc32_ = crc32_of(crc32_, bytes);
    return Done{};
}

Result<bool> Partial::clone(const Path& from, const Cancel& cancel) {
    check(bytes() == 0, "only an empty download becomes a copy");
    Descriptor source = TRY(open_to_read(from));
    Descriptor own(::open(path_.c_str(), O_WRONLY | O_CLOEXEC));
    if (own.get() < 0) return system_error(errno, "write", path_);
    if (::ioctl(own.get(), FICLONE, source.get()) != 0) return false;
    uint64_t size = TRY(size_of_file(path_));
    writer_ = TRY(FileWriter::open(path_, size));
    TRY(hash_prefix(size, cancel));
    return true;
}

// Not synced: after a power cut the mark may be older or newer than the bytes, and the hash tells.
Result<> Partial::mark(std::optional<Inflater::Place> place) {
    place_ = place;
    keep_state();
    Path temporary = mark_path().string() + ".tmp";
    FileWriter writer = TRY(FileWriter::open(temporary));
    std::string text = mark_text({source_, bytes(), digest(), place});
    TRY(writer.append(as_bytes(text)));
    if (::rename(temporary.c_str(), mark_path().c_str()) != 0)
        return system_error(errno, "rename to", mark_path());
    return Done{};
}

Result<> Partial::remove(const Layout& layout, const std::string& key) {
    Path path = layout.partials() / key;
    for (std::string_view ending : {".json", ".json.tmp", ""}) {
        std::string name = cat(path.string(), ending);
        if (::unlink(name.c_str()) != 0 && errno != ENOENT)
            return system_error(errno, "remove", name);
    }
    return Done{};
}

}  // namespace linnet
