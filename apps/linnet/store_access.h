// The store as the user's settings and environment want it.
#pragma once

#include "linnet/command.h"
#include "store/pull.h"
#include "store/store.h"

namespace linnet {

// The model that "default" means where no alias of that name says otherwise: the catalog's first.
inline constexpr std::string_view default_model = "default";

Result<Store> open_store(const Context& context);
PullSettings pull_settings(const Context& context);

// Brings what was asked for, with progress and a note of what came. "default" is known.
Result<PullReport> pull_model(Context& context, const Store& store, PullRequest request);

}  // namespace linnet
