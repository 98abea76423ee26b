#include "linnet/store_access.h"

#include <random>

#include "base/text.h"

namespace linnet {

Result<Store> open_store(const Context& context) {
    StorePaths paths;
    const std::string& set = context.settings.text("store.path");
    paths.data = set.empty() ? context.paths.data : expand_home(set, context.paths.home);
    paths.catalogs = {context.paths.system_config / "catalog.json",
                      context.paths.config / "catalog.json"};
    paths.foreign = usual_foreign_roots(context.environment.all(), context.paths.home);
    for (const std::string& folder : context.settings.list("store.folders"))
        paths.foreign.push_back({ModelStore::Folder, expand_home(folder, context.paths.home)});
    return Store::open(std::move(paths));
}

PullSettings pull_settings(const Context& context) {
    // Programs disagree on the case of these names; curl's order is lower case first.
    auto variable = [&](std::string_view lower_case, std::string_view upper_case) {
        auto value = context.environment.get(lower_case);
        if (!value) value = context.environment.get(upper_case);
        return value.value_or("");
    };
    PullSettings settings;
    std::string all = variable("all_proxy", "ALL_PROXY");
    // Upper-case HTTP_PROXY is left out: web servers set it from a request's header.
    settings.http.proxy.http_proxy = context.environment.get("http_proxy").value_or(all);
    settings.http.proxy.https_proxy = variable("https_proxy", "HTTPS_PROXY");
    if (settings.http.proxy.https_proxy.empty()) settings.http.proxy.https_proxy = all;
    settings.http.proxy.no_proxy = variable("no_proxy", "NO_PROXY");
    settings.http.tls.ca_file = context.environment.get("SSL_CERT_FILE").value_or("");
    if (auto endpoint = context.environment.get("HF_ENDPOINT")) settings.hub.endpoint = *endpoint;
    settings.hub.token = context.environment.get("HF_TOKEN").value_or("");
    settings.environment = context.environment.all();
    settings.home = context.paths.home;
    settings.bytes_per_s_max = context.settings.integer("pull.limit_rate");
    settings.offline = context.settings.flag("pull.offline");
    return settings;
}

Result<PullReport> pull_model(Context& context, const Store& store, PullRequest request) {
    bool is_default = request.what == default_model && !store.resolve(request.what);
    if (is_default && !store.catalog().entries().empty())
        request.what = store.catalog().entries()[0].name;
    Rng rng(std::random_device{}());
    return pull(store, request, pull_settings(context),
                {context.clock, rng, context.progress, context.cancel, context.log});
}

}  // namespace linnet
