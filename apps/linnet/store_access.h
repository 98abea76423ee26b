// The store as the user's settings and environment want it.
#pragma once

#include "linnet/command.h"
#include "linnet/models.h"
#include "store/pull.h"
#include "store/store.h"

namespace linnet {

Result<Store> open_store(const Context& context);
PullSettings pull_settings(const Context& context);

// Brings what was asked for, with progress and a note of what came. "default" is known.
Result<PullReport> pull_model(Context& context, const Store& store, PullRequest request);

}  // namespace linnet
