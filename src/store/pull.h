// Brings models into the store: from the first source that works, going on where an earlier attempt
// broke off, verified by hash before anybody can see them. Any number of processes may pull the
// same model at once; they share one download.
#pragma once

#include <optional>
#include <string>

#include "base/cancel.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/progress.h"
#include "base/rng.h"
#include "net/http.h"
#include "store/hub.h"
#include "store/intake.h"
#include "store/pip_settings.h"
#include "store/store.h"

namespace linnet {

struct PullSettings {
    HttpSettings http;
    HubSettings hub;
    // For pypi: sources. Read only when one is used.
    Variables environment;
    Path home;
    Path system = "/etc";

    uint64_t bytes_per_s_max = 0;  // 0: no limit
    bool offline = false;          // what needs the network is Code::Policy
    int attempts_max = 5;          // without any progress between them, for each source
    uint64_t mark_bytes = 4'000'000;
    uint64_t disk_reserve_bytes = 64'000'000;
};

struct PullRequest {
    std::string what;    // a name of the catalog or the store, an alias, a reference or a path
    std::string name{};  // to give the model; empty: its own
    std::optional<Digest> sha256{};
    bool verify = false;  // where the model is there: read it again, and replace what is damaged
    // Of files of this machine: whether they are copied, and read again although a model came from
    // there before, as they may have changed since.
    Intake intake = Intake::Copy;
    bool again = false;
};

struct PullTools {
    Clock& clock;
    Rng& rng;
    Progress& progress;
    const Cancel& cancel;
    Log log;
};

struct PullReport {
    StoredModel model;
    bool already_there = false;
    uint64_t downloaded_bytes = 0;  // of content; what was there from earlier attempts is not in it
};

Result<PullReport> pull(const Store& store, const PullRequest& request,
                        const PullSettings& settings, PullTools tools);

}  // namespace linnet
