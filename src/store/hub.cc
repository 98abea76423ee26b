#include "store/hub.h"

#include "base/json.h"
#include "base/text.h"

namespace linnet {
namespace {

// A commit as Git names it; nothing else becomes part of an address.
bool is_commit(std::string_view text) {
    return text.size() >= 7 && text.size() <= 64 &&
           text.find_first_not_of("0123456789abcdef") == text.npos;
}

std::optional<Digest> digest_in(std::string_view etag) {
    if (etag.starts_with("W/")) etag.remove_prefix(2);
    if (etag.size() >= 2 && etag.front() == '"' && etag.back() == '"')
        etag = etag.substr(1, etag.size() - 2);
    auto digest = parse_sha256_hex(etag);  // small files have a Git hash of 40 digits instead
    return digest ? std::optional(*digest) : std::nullopt;
}

}  // namespace

Result<Hub> Hub::create(const HubSettings& settings, HttpClient& client) {
    std::string endpoint = settings.endpoint;
    while (endpoint.ends_with('/')) endpoint.pop_back();
    auto url = parse_url(endpoint);
    if (!url) return std::move(url).error().within("HF_ENDPOINT");
    if (!settings.token.empty() && !url->is_secure() && !is_loopback(url->host))
        return Error{Code::Policy,
                     cat("the token for ", url->place(), " would be sent without TLS"),
                     "use an https address in HF_ENDPOINT, or unset HF_TOKEN"};
    std::string authorization = settings.token.empty() ? "" : cat("Bearer ", settings.token);
    return Hub(std::move(*url), std::move(authorization), client);
}

Result<Url> Hub::at(std::string_view path) const {
    std::string base = endpoint_.target == "/" ? std::string() : endpoint_.target;
    return resolve_url(endpoint_, cat(base, path));
}

Error Hub::explain(const HttpHead& head, const HubSource& source) const {
    Error error = status_error(head);
    std::string shown = source_text(source);
    if (head.status == 401 || head.status == 403)
        return {Code::Policy,
                cat(endpoint_.host, " does not give out ", shown, " (HTTP ", head.status,
                    "): it does not exist, is private, or its terms were not accepted"),
                authorization_.empty()
                    ? "set HF_TOKEN to an access token of your account"
                    : "accept the model's terms on its page, and check HF_TOKEN"};
    if (head.status == 404)
        return {Code::NotFound, cat(endpoint_.host, " has no ", shown),
                "check owner, name and file"};
    return error;
}

Result<Supply> Hub::find(const HubSource& source, const Cancel& cancel) {
    std::string repository = cat("/", source.owner, "/", source.repository, "/resolve/");
    std::string file = percent_encode(source.file, true);
    Url url = TRY(at(cat(repository, source.revision, "/", file)));
    HttpRequest request{.method = HttpMethod::Head, .url = url};
    request.authorization = authorization_;
    request.timeout_ms = 60'000;
    request.follow = false;  // the first answer has the hash; the others belong to a file server
    HttpAnswer answer = TRY(client_.fetch(request, cancel));
    // A renamed repository redirects within the host, before anything else is said.
    for (int renames = 0; renames < 3 && answer.head.status >= 300 && answer.head.status < 400 &&
                          !answer.head.header("x-repo-commit");
         renames++) {
        auto location = answer.head.header("location");
        auto next = location ? resolve_url(answer.head.url, *location) : Result<Url>(Url{});
        if (!location || !next || !next->same_origin(url)) break;
        request.url = *next;
        answer = TRY(client_.fetch(request, cancel));
    }
    const HttpHead& head = answer.head;
    if (head.status >= 400) return explain(head, source);
    Supply supply;
    auto number = [&](std::string_view name) {
        auto text = head.header(name);
        return text ? parse_integer<uint64_t>(trim(*text)) : std::nullopt;
    };
    supply.bytes = number("x-linked-size");
    if (!supply.bytes && head.ok()) supply.bytes = number("content-length");
    supply.sha256 = digest_in(head.header("x-linked-etag").value_or(""));
    if (!supply.sha256 && head.ok()) supply.sha256 = digest_in(head.header("etag").value_or(""));
    // The commit in the address: the branch may move between this and a later run.
    std::string commit(head.header("x-repo-commit").value_or(""));
    if (is_commit(commit)) url = TRY(at(cat(repository, commit, "/", file)));
    supply.identity = supply.sha256 ? supply.sha256->text() : url.text();
    supply.place = Remote{std::move(url), authorization_, &client_};
    return supply;
}

Result<Hub::Listing> Hub::list(const HubSource& source, const Cancel& cancel) {
    HttpRequest request{.url = TRY(at(cat("/api/models/", source.owner, "/", source.repository,
                                          "/revision/", source.revision, "?blobs=true")))};
    request.authorization = authorization_;
    request.timeout_ms = 60'000;
    HttpAnswer answer = TRY(client_.fetch(request, cancel));
    if (!answer.head.ok()) return explain(answer.head, source);
    auto json = Json::parse(answer.body, {.depth_max = 32, .values_max = 2'000'000});
    const Json* siblings = json ? json->find("siblings") : nullptr;
    const Json::Array* list = siblings ? siblings->as_array() : nullptr;
    if (!list)
        return Error{Code::Network,
                     cat(endpoint_.host, " did not list the files of ", source_text(source)),
                     "name one file: hf:owner/repository/file"};
    Listing listing;
    listing.commit = json->string_or("sha", "");
    if (!is_commit(listing.commit)) listing.commit = source.revision;
    for (const Json& item : *list) {
        HubFile file;
        file.path = item.string_or("rfilename", "");
        const Json *size = item.find("size"), *hash = item.find("lfs", "sha256");
        if (size) file.bytes = size->as_uint();
        if (hash && hash->as_string())
            if (auto digest = parse_sha256_hex(*hash->as_string())) file.sha256 = *digest;
        if (!file.path.empty()) listing.files.push_back(std::move(file));
    }
    return listing;
}

}  // namespace linnet
