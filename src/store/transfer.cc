#include "store/transfer.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "base/text.h"

namespace linnet {
namespace {

constexpr uint64_t space_check_bytes = 16'000'000;
constexpr int retry_after_max_s = 120;

// One attempt: from the supply through the unpacker into the partial.
class Transfer {
  public:
    Transfer(const Supply& supply, std::optional<uint64_t> bytes, Partial& partial,
             TransferTools& tools)
        : supply_(supply),
          expected_(bytes ? bytes : supply.bytes),
          partial_(partial),
          tools_(tools) {}

    Result<> run();

  private:
    Result<> prepare();
    Result<> clone();
    Result<> prepare_unpacking();
    uint64_t position() const;  // in the stored bytes: the next one that is needed
    Result<> from_file(const Path& path);
    Result<> from_web(const Remote& remote);
    Result<Flow> on_head(const HttpHead& head, bool asked_part);
    Result<> expect_size(uint64_t bytes, const HttpHead& head);
    Result<> take(Bytes stored);
    Result<> keep(Bytes content);
    Result<> finish();
    Error wrong_size(uint64_t bytes) const;

    const Supply& supply_;
    std::optional<uint64_t> expected_;  // bytes of content
    Partial& partial_;
    TransferTools& tools_;
    std::optional<Inflater> inflater_;
    uint64_t packed_done_ = 0;  // stored bytes that the unpacker has, or will not get
    bool wants_bit_byte_ = false;
    uint64_t marked_ = 0, checked_ = 0;
};

Result<> Transfer::run() {
    TRY(prepare());
    TRY(clone());
    if (expected_)
        TRY(check_space(tools_.folder, *expected_ - std::min(*expected_, partial_.bytes()),
                        tools_.disk_reserve_bytes));
    if (expected_) tools_.step.at(partial_.bytes(), *expected_);
    bool there = !supply_.deflated && expected_ && partial_.bytes() == *expected_;
    auto moved = [&]() -> Result<> {
        if (there) return Done{};
        if (auto* path = std::get_if<Path>(&supply_.place)) return from_file(*path);
        return from_web(std::get<Remote>(supply_.place));
    }();
    // What came before the end is good: the next attempt begins there. Packed data can be gone on
    // with at its boundaries only, which were marked on the way.
    if (!moved && !supply_.deflated && partial_.bytes() > marked_)
        (void)partial_.mark(std::nullopt);
    TRY(std::move(moved));
    return finish();
}

// A whole file of this machine may come without taking space.
Result<> Transfer::clone() {
    auto* path = std::get_if<Path>(&supply_.place);
    bool whole = !supply_.is_part() && !supply_.deflated && partial_.bytes() == 0;
    if (!path || !whole) return Done{};
    if (expected_) tools_.step.at(0, *expected_);
    TRY(partial_.clone(*path, tools_.cancel));
    return Done{};
}

// Goes on with what is there, or drops it.
Result<> Transfer::prepare() {
    // Where the hash is known it vouches for the beginning too, whoever gave it.
    bool same = partial_.source().text == supply_.identity || (supply_.sha256 && !supply_.deflated);
    bool possible = !supply_.deflated || partial_.place();
    bool fits = !expected_ || partial_.bytes() <= *expected_;
    if (!same || !possible || !fits) TRY(partial_.restart({supply_.identity, {}}));
    if (supply_.deflated) TRY(prepare_unpacking());
    marked_ = checked_ = partial_.bytes();
    return Done{};
}

Result<> Transfer::prepare_unpacking() {
    TRY(partial_.rewind());
    if (partial_.place() && partial_.place()->in > supply_.length.value_or(0))
        TRY(partial_.restart({supply_.identity, {}}));
    if (!partial_.place()) {
        inflater_.emplace();
        return Done{};
    }
    const Inflater::Place& place = *partial_.place();
    packed_done_ = place.in;
    if (place.bits > 0) {  // the byte that is used in part comes once more
        packed_done_--;
        wants_bit_byte_ = true;
        return Done{};
    }
    std::string window = TRY(partial_.window());
    inflater_ = TRY(Inflater::resume(place, std::byte{0}, as_bytes(window)));
    return Done{};
}

uint64_t Transfer::position() const {
    return supply_.offset + (supply_.deflated ? packed_done_ : partial_.bytes());
}

Result<> Transfer::from_file(const Path& path) {
    Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (file.get() < 0) return system_error(errno, "read", path);
    std::vector<std::byte> chunk(1 << 20);
    uint64_t end = supply_.length ? supply_.offset + *supply_.length : ~uint64_t{0};
    for (uint64_t at = position(); at < end;) {
        TRY(tools_.cancel.check());
        ssize_t got = ::pread(file.get(), chunk.data(), std::min<uint64_t>(chunk.size(), end - at),
                              static_cast<off_t>(at));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return system_error(errno, "read", path);
        if (got == 0) break;
        TRY(take(Bytes(chunk).first(static_cast<size_t>(got))));
        at += static_cast<uint64_t>(got);
    }
    return Done{};
}

Result<> Transfer::from_web(const Remote& remote) {
    uint64_t begin = position();
    // Whether the rest still belongs to the beginning, the hash tells in the end, or where none is
    // known the server.
    const std::string& validator = partial_.source().validator;
    if (partial_.bytes() > 0 && !supply_.sha256 && validator.empty()) {
        TRY(partial_.restart({supply_.identity, {}}));
        begin = position();
    }
    bool part = supply_.is_part() || partial_.bytes() > 0;
    HttpRequest request{.url = remote.url};
    request.authorization = remote.authorization;
    if (part) {
        std::string last = supply_.length ? cat(supply_.offset + *supply_.length - 1) : "";
        request.headers.push_back({"Range", cat("bytes=", begin, "-", last)});
        if (partial_.bytes() > 0 && !supply_.sha256)
            request.headers.push_back({"If-Range", validator});
    }
    auto head = remote.client->stream(
        request, [&](const HttpHead& answer) { return on_head(answer, part); },
        [&](Bytes bytes) -> Result<Flow> {
            TRY(tools_.rate.take(bytes.size(), tools_.cancel));
            TRY(take(bytes));
            return Flow::Continue;
        },
        tools_.cancel);
    if (!head) return std::move(head).error();
    return Done{};
}

Result<Flow> Transfer::on_head(const HttpHead& head, bool asked_part) {
    if (head.status == 416) {
        // Nothing is behind the end: all of it was there already, and the server says it is the
        // same.
        std::string whole = cat("bytes */", partial_.bytes());
        if (asked_part && !supply_.is_part() && !supply_.sha256 &&
            head.header("content-range") == whole) {
            expected_ = partial_.bytes();
            return Flow::Stop;
        }
        TRY(partial_.restart({supply_.identity, {}}));
        return Error{Code::Network, cat(head.url.place(), " has no such part; beginning anew")};
    }
    if (!head.ok()) {
        tools_.retry_after_s = std::min(retry_after_s(head).value_or(0), retry_after_max_s);
        return status_error(head);
    }
    if (head.status == 206) {
        auto range = parse_content_range(head);
        if (!asked_part || !range || range->first != position()) {
            TRY(partial_.restart({supply_.identity, {}}));
            return Error{Code::Network,
                         cat(head.url.place(), " gave another part than was asked for"),
                         "try again, or use another source"};
        }
        if (!supply_.is_part() && range->total) TRY(expect_size(*range->total, head));
    } else if (head.status != 200) {
        return status_error(head);
    } else if (supply_.is_part()) {
        return Error{Code::Network,
                     cat(head.url.place(), " gave everything where a part was asked for"),
                     "try again, or use another source"};
    } else {
        // It has changed, or the server knows no parts: from the start.
        if (partial_.bytes() > 0) TRY(partial_.restart({supply_.identity, {}}));
        marked_ = checked_ = 0;
        auto length = head.header("content-length");
        auto bytes = length ? parse_integer<uint64_t>(trim(*length)) : std::nullopt;
        if (bytes) TRY(expect_size(*bytes, head));
    }
    std::string validator(head.header("etag").value_or(""));
    if (validator.starts_with("W/")) validator.clear();  // says only that it is much alike
    if (validator.empty()) validator = head.header("last-modified").value_or("");
    partial_.set_validator(valid_header_value(validator) ? validator : "");
    tools_.step.at(partial_.bytes(), expected_.value_or(0));
    return Flow::Continue;
}

Result<> Transfer::expect_size(uint64_t bytes, const HttpHead& head) {
    if (expected_ && bytes != *expected_) return wrong_size(bytes).within(head.url.place());
    if (!expected_)
        TRY(check_space(tools_.folder, bytes - std::min(bytes, partial_.bytes()),
                        tools_.disk_reserve_bytes));
    expected_ = bytes;
    return Done{};
}

Error Transfer::wrong_size(uint64_t bytes) const {
    return {Code::Integrity, cat("it has ", bytes, " bytes and should have ", *expected_),
            "it is not the file that was promised: use another source"};
}

Result<> Transfer::take(Bytes stored) {
    if (!supply_.deflated) return keep(stored);
    if (wants_bit_byte_ && !stored.empty()) {
        std::string window = TRY(partial_.window());
        inflater_ = TRY(Inflater::resume(*partial_.place(), stored[0], as_bytes(window)));
        stored = stored.subspan(1);
        packed_done_++;
        wants_bit_byte_ = false;
    }
    if (stored.empty()) return Done{};
    packed_done_ += stored.size();
    auto at_boundary = [&](const Inflater::Place& place) -> Result<> {
        if (place.out - marked_ < tools_.mark_bytes) return Done{};
        marked_ = place.out;
        return partial_.mark(place);
    };
    auto unpacked = inflater_->feed(
        stored, [&](Bytes content) { return keep(content); }, at_boundary,
        expected_.value_or(~uint64_t{0}));
    // Packed data that makes no sense was damaged on the way, whatever the hash would say.
    if (!unpacked && unpacked.error().code == Code::BadInput)
        return Error{Code::Integrity, unpacked.error().what, "use another source"};
    return unpacked;
}

Result<> Transfer::keep(Bytes content) {
    uint64_t after = partial_.bytes() + content.size();
    if (expected_ && after > *expected_) return wrong_size(after);
    TRY(partial_.append(content));
    tools_.step.at(after, expected_.value_or(0));
    if (!supply_.deflated && after - marked_ >= tools_.mark_bytes) {
        marked_ = after;
        TRY(partial_.mark(std::nullopt));
    }
    if (!expected_ && after - checked_ >= space_check_bytes) {
        checked_ = after;
        TRY(check_space(tools_.folder, 0, tools_.disk_reserve_bytes));
    }
    return Done{};
}

Result<> Transfer::finish() {
    if (supply_.deflated && !(inflater_ && inflater_->done()))
        return Error{Code::Network, "the packed data broke off", "try again"};
    if (expected_ && partial_.bytes() != *expected_) return wrong_size(partial_.bytes());
    if (supply_.crc32 && partial_.crc32() != *supply_.crc32)
        return Error{Code::Integrity, "the checksum in the archive does not match its content",
                     "the archive is damaged: use another source"};
    return Done{};
}

}  // namespace

void Step::at(uint64_t done, uint64_t total) {
    if (shown_ && (done < done_ || total != total_)) end();
    if (!shown_) progress_.begin(name_, total, done);
    shown_ = true;
    done_ = done;
    total_ = total;
    progress_.at(done);
}

void Step::end() {
    if (shown_) progress_.end();
    shown_ = false;
}

Result<> transfer(const Supply& supply, std::optional<uint64_t> bytes, Partial& partial,
                  TransferTools& tools) {
    if (bytes && supply.bytes && *bytes != *supply.bytes)
        return Error{Code::Integrity,
                     cat("it has ", *supply.bytes, " bytes there and should have ", *bytes),
                     "it is not the file that was promised: use another source"};
    check(!supply.identity.empty(), "whoever found the bytes says what they are");
    return Transfer(supply, bytes, partial, tools).run();
}

Result<> check_space(const Path& folder, uint64_t needed, uint64_t reserve) {
    uint64_t free = TRY(disk_free(folder));
    auto wanted = checked_add(needed, reserve);
    if (wanted && free >= *wanted) return Done{};
    return Error{Code::NoFit,
                 cat("not enough space for ", bytes_text(needed), " in ", folder, ": ",
                     bytes_text(free), " are free, and ", bytes_text(reserve), " are kept free"),
                 "free some space, for example with linnet rm MODEL or linnet gc"};
}

}  // namespace linnet
