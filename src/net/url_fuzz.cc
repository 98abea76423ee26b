// Addresses: whatever parses must survive its own text, and a link resolved against it too.
#include <cstdint>

#include "base/text.h"
#include "net/url.h"

using namespace linnet;

static void expect_stable(const Url& url) {
    auto again = parse_url(url.text());
    check(bool(again), "what an address shows parses");
    check(again->text() == url.text() && again->same_origin(url), "and means the same");
    check(url.target.starts_with('/') && url.port != 0, "a target and a port are there");
    for (char c : url.text() + url.fragment) check(c > ' ' && c < 0x7F, "only visible ASCII");
    std::string path = url.target.substr(0, url.target.find('?'));
    check(path.find("/../") == path.npos, "no dot segments");
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    std::string_view text(reinterpret_cast<const char*>(data), size);
    size_t line = text.find('\n');
    auto base = parse_url(text.substr(0, line));
    if (base) expect_stable(*base);
    if (line != text.npos) {
        Url page = base ? *base : *parse_url("https://u:p@host.example/a/b?c#d");
        if (auto url = resolve_url(page, text.substr(line + 1))) {
            expect_stable(*url);
            if (!url->same_origin(page))
                check(url->password != "p" || url->user != "u" || text.find("u:p") != text.npos,
                      "credentials stay with their origin");
        }
        (void)parse_file_url(text.substr(line + 1));
    }
    return 0;
}
