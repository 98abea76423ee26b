#include "store/wheel.h"

#include <algorithm>

#include "base/text.h"

namespace linnet {
namespace {

constexpr size_t wheels_max = 10;  // looked into, for one member
constexpr size_t folder_entries_max = 100'000;

Error offline(const PypiSource& source) {
    return {Code::Policy,
            cat("the network is off, and no wheel of ", source.package, " ", source.version,
                " lies on this machine"),
            "run again without --offline"};
}

std::string page_of(const std::string& index, const std::string& package) {
    return cat(index, index.ends_with('/') ? "" : "/", package, "/");
}

Supply member_supply(const ZipEntry& entry, uint64_t offset) {
    Supply supply;
    supply.offset = offset;
    supply.length = entry.packed_bytes;
    supply.deflated = entry.deflated;
    supply.crc32 = entry.crc32;
    supply.bytes = entry.bytes;
    return supply;
}

}  // namespace

Result<Supply> member_of_wheel(const Path& wheel, std::string_view member) {
    MappedFile file = TRY(MappedFile::open(wheel));
    Bytes bytes = file.bytes();
    auto found = [&]() -> Result<Supply> {
        Bytes tail = bytes.last(std::min<uint64_t>(bytes.size(), zip_tail_bytes));
        ZipDirectory place = TRY(find_zip_directory(tail, bytes.size()));
        Bytes directory = bytes.subspan(place.offset, place.bytes);
        ZipEntry entry = TRY(find_zip_entry(directory, place, member));
        Bytes header = bytes.subspan(entry.header_offset, zip_header_bytes);
        return member_supply(entry, TRY(zip_data_offset(header, entry, place)));
    }();
    if (!found) return std::move(found).error().within(printable(wheel.filename().string()));
    found->place = wheel;
    std::error_code ignored;
    auto changed = std::filesystem::last_write_time(wheel, ignored).time_since_epoch().count();
    found->identity = cat(wheel, " of ", bytes.size(), " bytes, changed ",
                          static_cast<int64_t>(changed), ", at ", found->offset);
    return found;
}

Result<WheelMember> WheelFinder::find(const PypiSource& source, bool pinned, const Cancel& cancel) {
    std::string key = cat(source.package, "==", source.version);
    if (!known_.contains(key)) known_[key] = TRY(list(source, cancel));
    Wheels& wheels = known_[key];
    std::optional<Error> missing;
    for (size_t i = 0; i < std::min(wheels.size(), wheels_max); i++) {
        Wheel& wheel = wheels[i];
        if (wheel.path.empty()) {
            TRY(check_transport(wheel.remote.url, pinned));
            if (!pinned) return WheelMember{whole(wheel), true};
        }
        auto found = member(wheel, source.member, cancel);
        if (found || found.error().code != Code::NotFound) return found;
        missing = std::move(found).error();
    }
    if (missing) return *missing;
    return Error{
        Code::NotFound,
        cat("no index that pip knows has a wheel of ", source.package, " ", source.version),
        "check pip's settings: pip config list"};
}

Result<WheelFinder::Wheels> WheelFinder::list(const PypiSource& source, const Cancel& cancel) {
    Wheels wheels;
    TRY(list_links(source, cancel, wheels));
    if (settings_.no_index) return wheels;
    if (!client_) {
        if (wheels.empty()) return offline(source);
        return wheels;
    }
    std::optional<Error> first;
    for (const std::string& index : settings_.indexes) {
        auto listed = list_index(index, source, cancel, wheels);
        if (!listed && listed.error().code == Code::Interrupted) return listed.error();
        if (!listed && !first) first = std::move(listed).error();
    }
    if (wheels.empty() && first) return *first;
    return wheels;
}

// Folders, file: addresses and pages that pip is told to look at first.
Result<> WheelFinder::list_links(const PypiSource& source, const Cancel& cancel, Wheels& wheels) {
    for (const std::string& link : settings_.find_links) {
        std::string scheme = lower(link.substr(0, 6));
        if (scheme.starts_with("http:") || scheme == "https:") {
            if (!client_) continue;
            auto links = read_page(TRY(parse_url(link)), cancel);
            if (links) add(std::move(*links), source, wheels);
            continue;
        }
        Path folder = scheme.starts_with("file:") ? TRY(parse_file_url(link)) : Path(link);
        std::error_code error;
        size_t seen = 0;
        for (std::filesystem::directory_iterator at(folder, error), end; !error && at != end;
             at.increment(error)) {
            if (++seen > folder_entries_max) break;
            std::string name = at->path().filename().string();
            auto wheel = parse_wheel_name(name);
            if (!wheel || wheel->package != source.package ||
                !same_version(wheel->version, source.version))
                continue;
            Wheel found;
            found.file_name = name;
            found.path = at->path();
            wheels.push_back(std::move(found));
        }
    }
    return Done{};
}

Result<> WheelFinder::list_index(const std::string& index, const PypiSource& source,
                                 const Cancel& cancel, Wheels& wheels) {
    if (lower(index.substr(0, 5)) == "file:") {
        Path page = TRY(parse_file_url(page_of(index, source.package))) / "index.html";
        auto html = read_file(page, 32'000'000);
        if (!html) return std::move(html).error();
        // Links of a page on this machine lead to the web or nowhere.
        add(parse_index_html(*html, TRY(parse_url("https://index.invalid/"))), source, wheels);
        return Done{};
    }
    auto url = parse_url(page_of(index, source.package));
    if (!url) return std::move(url).error().within("pip's index").advise("check pip's settings");
    auto links = read_page(*url, cancel);
    if (!links && links.error().code == Code::NotFound)
        return Error{Code::NotFound,
                     cat("the index at ", url->place(), " does not have the package"),
                     "check the name, and pip's settings"};
    add(TRY(std::move(links)), source, wheels);
    return Done{};
}

void WheelFinder::add(std::vector<IndexLink> links, const PypiSource& source, Wheels& wheels) {
    for (IndexLink& link : choose_wheels(std::move(links), source.package, source.version)) {
        Wheel wheel;
        wheel.file_name = std::move(link.file_name);
        wheel.remote = {std::move(link.url), {}, client_};
        wheel.sha256 = link.sha256;
        wheels.push_back(std::move(wheel));
    }
}

Result<std::vector<IndexLink>> WheelFinder::read_page(const Url& url, const Cancel& cancel) {
    HttpRequest request{.url = url};
    request.headers = {{"Accept",
                        "application/vnd.pypi.simple.v1+json, text/html;q=0.2, "
                        "application/vnd.pypi.simple.v1+html;q=0.3"}};
    request.timeout_ms = 120'000;
    HttpAnswer answer = TRY(client_->fetch(request, cancel));
    if (!answer.head.ok()) return status_error(answer.head);
    std::string type = lower(answer.head.header("content-type").value_or("text/html"));
    if (type.find("json") == type.npos) return parse_index_html(answer.body, answer.head.url);
    auto links = parse_index_json(answer.body, answer.head.url);
    if (!links)
        return Error{Code::Network, cat(url.place(), ": ", links.error().what),
                     "check that this is a package index"};
    return links;
}

Supply WheelFinder::whole(const Wheel& wheel) {
    Supply supply;
    supply.place = wheel.remote;
    supply.sha256 = wheel.sha256;
    supply.identity = wheel.sha256 ? cat("wheel ", wheel.sha256->hex()) : wheel.remote.url.text();
    return supply;
}

Result<WheelMember> WheelFinder::member(Wheel& wheel, const std::string& name,
                                        const Cancel& cancel) {
    if (!wheel.path.empty()) return WheelMember{TRY(member_of_wheel(wheel.path, name)), false};
    TRY(open(wheel, cancel));
    if (!wheel.parts) return WheelMember{whole(wheel), true};
    auto entry = find_zip_entry(as_bytes(wheel.directory), wheel.place, name);
    if (!entry) return std::move(entry).error().within(printable(wheel.file_name));
    std::optional<ContentRange> got;
    uint64_t last = entry->header_offset + zip_header_bytes - 1;
    std::string header = TRY(
        part(wheel, cat("bytes=", entry->header_offset, "-", last), zip_header_bytes, cancel, got));
    if (!got) return WheelMember{whole(wheel), true};
    auto offset = zip_data_offset(as_bytes(header), *entry, wheel.place);
    if (!offset) return std::move(offset).error().within(printable(wheel.file_name));
    WheelMember found{member_supply(*entry, *offset), false};
    found.supply.place = wheel.remote;
    std::string which =
        wheel.sha256 ? wheel.sha256->hex() : cat(wheel.remote.url.text(), " ", wheel.validator);
    found.supply.identity = cat("wheel ", which, " at ", *offset);
    return found;
}

// Reads the directory of a wheel from its server.
Result<> WheelFinder::open(Wheel& wheel, const Cancel& cancel) {
    if (wheel.opened) return Done{};
    std::optional<ContentRange> got;
    std::string tail =
        TRY(part(wheel, cat("bytes=-", zip_tail_bytes), zip_tail_bytes, cancel, got));
    bool usable = got && got->total && got->last + 1 == *got->total &&
                  tail.size() == got->last - got->first + 1;
    if (!usable) {
        wheel.parts = false;
        wheel.opened = true;
        return Done{};
    }
    wheel.bytes = *got->total;
    auto place = find_zip_directory(as_bytes(tail), wheel.bytes);
    if (!place) return std::move(place).error().within(printable(wheel.file_name));
    wheel.place = *place;
    if (wheel.place.offset >= got->first) {
        wheel.directory = tail.substr(wheel.place.offset - got->first, wheel.place.bytes);
    } else {
        uint64_t last = wheel.place.offset + wheel.place.bytes - 1;
        wheel.directory = TRY(part(wheel, cat("bytes=", wheel.place.offset, "-", last),
                                   wheel.place.bytes, cancel, got));
        if (!got || wheel.directory.size() != wheel.place.bytes)
            return Error{Code::Network,
                         cat(wheel.remote.url.place(), " gave another part than asked")};
    }
    wheel.opened = true;
    return Done{};
}

// A small part of a wheel in memory. Where the server does not answer with that part, `got` stays
// empty.
Result<std::string> WheelFinder::part(Wheel& wheel, std::string_view range, uint64_t bytes_max,
                                      const Cancel& cancel, std::optional<ContentRange>& got) {
    HttpRequest request{.url = wheel.remote.url};
    request.headers = {{"Range", std::string(range)}};
    request.timeout_ms = 300'000;
    got.reset();
    std::string out;
    auto on_head = [&](const HttpHead& head) -> Result<Flow> {
        if (head.status == 206) got = parse_content_range(head);
        if (got && got->last - got->first + 1 > bytes_max) got.reset();
        bool refuses = head.ok() || head.status == 416 || head.status == 501;
        if (!got && !refuses) return status_error(head);
        wheel.validator = head.header("etag").value_or("");
        return got ? Flow::Continue : Flow::Stop;
    };
    auto on_data = [&](Bytes bytes) -> Result<Flow> {
        if (bytes.size() > bytes_max - out.size())
            return Error{Code::Network, cat(wheel.remote.url.place(), " gave more than asked")};
        out += as_text(bytes);
        return Flow::Continue;
    };
    TRY(client_->stream(request, on_head, on_data, cancel));
    return out;
}

}  // namespace linnet
