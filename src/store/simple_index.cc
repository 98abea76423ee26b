#include "store/simple_index.h"

#include <algorithm>
#include <iterator>

#include "base/json.h"
#include "base/text.h"
#include "store/source.h"

namespace linnet {
namespace {

constexpr size_t links_max = 100'000;
constexpr size_t name_bytes_max = 400;

bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

// &amp; and the like; a reference that is not known stays as it is.
std::string unescape(std::string_view text) {
    std::string out;
    for (size_t i = 0; i < text.size(); i++) {
        size_t end = text[i] == '&' ? text.substr(i, 12).find(';') : text.npos;
        if (end == text.npos) {
            out += text[i];
            continue;
        }
        std::string_view name = text.substr(i + 1, end - 1);
        char c = 0;
        if (name == "amp") c = '&';
        if (name == "lt") c = '<';
        if (name == "gt") c = '>';
        if (name == "quot") c = '"';
        if (name == "apos") c = '\'';
        if (name.starts_with('#')) {
            bool hex = name.size() > 1 && (name[1] == 'x' || name[1] == 'X');
            std::string_view digits = name.substr(hex ? 2 : 1);
            unsigned code = 0;
            auto [at, error] =
                std::from_chars(digits.data(), digits.data() + digits.size(), code, hex ? 16 : 10);
            if (error == std::errc{} && at == digits.data() + digits.size() && code > 0 &&
                code < 128)
                c = static_cast<char>(code);
        }
        if (c == 0) {
            out += text[i];
            continue;
        }
        out += c;
        i += end;
    }
    return out;
}

// The attributes of one tag, `rest` at its name's end. Leaves `rest` behind the '>'.
class Tag {
  public:
    explicit Tag(std::string_view& rest) {
        while (!rest.empty()) {
            while (!rest.empty() && (is_space(rest[0]) || rest[0] == '/')) rest.remove_prefix(1);
            if (rest.empty()) return;
            if (rest[0] == '>') {
                rest.remove_prefix(1);
                return;
            }
            read_attribute(rest);
        }
    }
    std::optional<std::string> href;
    bool yanked = false;

  private:
    void read_attribute(std::string_view& rest) {
        size_t end = 1;  // at least one character, so that every call moves on
        while (end < rest.size() && !is_space(rest[end]) && rest[end] != '=' && rest[end] != '>' &&
               rest[end] != '/')
            end++;
        std::string name = lower(rest.substr(0, end));
        rest.remove_prefix(end);
        while (!rest.empty() && is_space(rest[0])) rest.remove_prefix(1);
        std::string_view value;
        if (rest.starts_with('=')) {
            rest.remove_prefix(1);
            value = read_value(rest);
        }
        if (name == "href" && !href) href = unescape(value);
        if (name == "data-yanked") yanked = true;
    }
    static std::string_view read_value(std::string_view& rest) {
        while (!rest.empty() && is_space(rest[0])) rest.remove_prefix(1);
        if (rest.empty()) return {};
        char quote = rest[0];
        if (quote == '"' || quote == '\'') {
            size_t end = std::min(rest.find(quote, 1), rest.size());
            std::string_view value = rest.substr(1, end - 1);
            rest.remove_prefix(std::min(end + 1, rest.size()));
            return value;
        }
        size_t end = 0;
        while (end < rest.size() && !is_space(rest[end]) && rest[end] != '>') end++;
        std::string_view value = rest.substr(0, end);
        rest.remove_prefix(end);
        return value;
    }
};

bool good_file_name(std::string_view name) {
    return !name.empty() && name.size() <= name_bytes_max && name.front() != '.' &&
           name.find('/') == name.npos && printable(name) == name;
}

std::optional<IndexLink> make_link(std::string_view href, const Url& page) {
    auto url = resolve_url(page, trim(href));
    if (!url) return std::nullopt;
    std::string_view path = std::string_view(url->target).substr(0, url->target.find('?'));
    auto name = percent_decode(path.substr(path.rfind('/') + 1));
    if (!name || !good_file_name(*name)) return std::nullopt;
    IndexLink link{*name, *url, std::nullopt};
    for (std::string_view part : split(url->fragment, '&'))
        if (part.starts_with("sha256="))
            if (auto digest = parse_sha256_hex(part.substr(7))) link.sha256 = *digest;
    link.url.fragment.clear();
    return link;
}

}  // namespace

std::optional<WheelName> parse_wheel_name(std::string_view file_name) {
    if (!file_name.ends_with(".whl")) return std::nullopt;
    file_name.remove_suffix(4);
    auto parts = split(file_name, '-');
    if (parts.size() != 5 && parts.size() != 6) return std::nullopt;
    for (std::string_view part : parts)
        if (part.empty()) return std::nullopt;
    WheelName wheel;
    wheel.package = normalize_package(parts[0]);
    wheel.version = parts[1];
    std::string_view python = parts[parts.size() - 3];
    wheel.universal = parts[parts.size() - 2] == "none" && parts.back() == "any" &&
                      (python == "py3" || python == "py2.py3");
    return wheel;
}

bool same_version(std::string_view a, std::string_view b) {
    auto reduced = [](std::string_view version) {
        std::string out = lower(trim(version));
        if (out.starts_with('v')) out.erase(0, 1);
        std::ranges::replace(out, '_', '.');
        std::ranges::replace(out, '-', '.');
        while (out.ends_with(".0")) out.resize(out.size() - 2);
        return out;
    };
    return reduced(a) == reduced(b);
}

std::vector<IndexLink> parse_index_html(std::string_view html, const Url& page) {
    std::vector<IndexLink> links;
    while (links.size() < links_max) {
        size_t open = html.find('<');
        if (open == html.npos) break;
        html.remove_prefix(open + 1);
        if (html.starts_with("!--")) {
            size_t end = html.find("-->");
            html.remove_prefix(std::min(end, html.size()));
            continue;
        }
        bool anchor = html.size() > 1 && (html[0] == 'a' || html[0] == 'A') && is_space(html[1]);
        if (!anchor) continue;
        html.remove_prefix(1);
        Tag tag(html);
        auto link = tag.href ? make_link(*tag.href, page) : std::nullopt;
        if (!link) continue;
        link->yanked = tag.yanked;
        links.push_back(std::move(*link));
    }
    return links;
}

Result<std::vector<IndexLink>> parse_index_json(std::string_view text, const Url& page) {
    Json json = TRY(Json::parse(text, {.depth_max = 16, .values_max = 5'000'000}));
    const Json* files = json.find("files");
    const Json::Array* list = files ? files->as_array() : nullptr;
    if (!list) return Error{Code::BadInput, "the index's answer has no list of files"};
    std::vector<IndexLink> links;
    for (const Json& item : *list) {
        if (links.size() >= links_max) break;
        auto link = make_link(item.string_or("url", ""), page);
        if (!link) continue;
        std::string name = item.string_or("filename", link->file_name);
        if (!good_file_name(name)) continue;
        link->file_name = std::move(name);
        const Json* hash = item.find("hashes", "sha256");
        if (hash && hash->as_string())
            if (auto digest = parse_sha256_hex(*hash->as_string())) link->sha256 = *digest;
        const Json* yanked = item.find("yanked");  // false, true, or the reason as a text
        link->yanked = yanked && (yanked->is_string() || yanked->as_bool().value_or(false));
        links.push_back(std::move(*link));
    }
    return links;
}

std::vector<IndexLink> choose_wheels(std::vector<IndexLink> links, std::string_view package,
                                     std::string_view version) {
    std::vector<IndexLink> by_rank[4];
    for (IndexLink& link : links) {
        auto wheel = parse_wheel_name(link.file_name);
        if (!wheel || wheel->package != package || !same_version(wheel->version, version)) continue;
        by_rank[(link.yanked ? 2 : 0) + (wheel->universal ? 0 : 1)].push_back(std::move(link));
    }
    std::vector<IndexLink> chosen;
    for (auto& rank : by_rank)
        chosen.insert(chosen.end(), std::make_move_iterator(rank.begin()),
                      std::make_move_iterator(rank.end()));
    return chosen;
}

}  // namespace linnet
