// What a pull is to bring: the files of one model, and for each where it can be had.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/cancel.h"
#include "store/hub.h"
#include "store/source.h"
#include "store/store.h"

namespace linnet {

struct WantedFile {
    ModelFile file;  // bytes and hash count only where they are known
    bool bytes_known = false, hash_known = false;
    bool pinned = false;  // the hash comes from the catalog or the user, not from the source itself
    std::vector<Source> sources;  // in the order in which they are tried

    std::string key() const;  // of the download
};

struct PullPlan {
    Manifest manifest;  // all but the files and the time
    std::vector<WantedFile> files;
    bool pinned = false;  // hashes come from the catalog or the user
};

struct PlanRequest {
    std::string_view what;  // a name of the catalog or the store, an alias, a reference or a path
    std::string_view name;  // to give the model; empty: its own
    std::optional<Digest> sha256;
    bool offline = false;
};

// Opens the hub where a plan needs to ask it; an error where the network may not be used.
using OpenHub = std::function<Result<Hub>()>;

// The name and reference alone, without any network: whether the model is there already. `files`
// is filled only by the catalog.
Result<PullPlan> begin_plan(const Store& store, const PlanRequest& request);
// Fills in the files: looks at folders, and asks the hub about repositories.
Result<> finish_plan(PullPlan& plan, const OpenHub& open_hub, const Cancel& cancel);

}  // namespace linnet
