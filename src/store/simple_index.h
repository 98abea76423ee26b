// The pages of a Python package index: "simple" HTML (PEP 503) and JSON (PEP 691), and the names of
// wheels (PEP 427). Strangers wrote them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "net/url.h"
#include "trust/hash.h"

namespace linnet {

struct IndexLink {
    std::string file_name;  // plain, without '/'
    Url url;
    std::optional<Digest> sha256;
    bool yanked = false;
};

struct WheelName {
    std::string package;  // normalized
    std::string version;
    bool universal = false;  // py3-none-any or py2.py3-none-any
};

// Nothing where the name is not that of a wheel.
std::optional<WheelName> parse_wheel_name(std::string_view file_name);
// "1.0", "1.0.0" and "v1.0" are one version.
bool same_version(std::string_view a, std::string_view b);

// Links to what may be files; those that are no usable address are left out. `page` is where the
// text came from: links are relative to it.
std::vector<IndexLink> parse_index_html(std::string_view html, const Url& page);
Result<std::vector<IndexLink>> parse_index_json(std::string_view json, const Url& page);

// The wheels of that version, best first: not yanked before yanked, universal before others.
std::vector<IndexLink> choose_wheels(std::vector<IndexLink> links, std::string_view package,
                                     std::string_view version);

}  // namespace linnet
