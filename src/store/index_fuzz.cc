// A package index as HTML and as JSON, the names of wheels, and pip's configuration files.
#include <cstdint>

#include "base/text.h"
#include "store/pip_settings.h"
#include "store/simple_index.h"

using namespace linnet;

static void expect_good(const std::vector<IndexLink>& links) {
    for (const IndexLink& link : links) {
        check(link.file_name.find('/') == link.file_name.npos, "a file's name is plain");
        check(!link.file_name.empty() && link.file_name[0] != '.', "and not hidden");
        check(bool(parse_url(link.url.text())), "links lead to the web");
    }
    for (const IndexLink& link : choose_wheels(links, "some-package", "1.0"))
        check(parse_wheel_name(link.file_name)->package == "some-package",
              "wheels of that package");
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    static const Url page = *parse_url("https://u:p@index.example/simple/some-package/");
    std::string_view text(reinterpret_cast<const char*>(data), size);
    expect_good(parse_index_html(text, page));
    if (auto links = parse_index_json(text, page)) expect_good(*links);
    IniValues values;
    (void)read_ini(text, values);
    return 0;
}
