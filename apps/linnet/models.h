// From the name that a user types to a model's files.
#pragma once

#include <string_view>

#include "formats/checkpoint.h"
#include "kernels/kernels.h"
#include "linnet/command.h"

namespace linnet {

// The model that "default" means where no alias of that name says otherwise: the catalog's first.
inline constexpr std::string_view default_model = "default";

// Whether a model of the store or the catalog, or an alias, is called so.
Result<bool> is_name_of_model(const Context& context, std::string_view name);

// A path, or a name of the store; a name of the catalog that is not there yet is pulled. NotFound
// says what to do.
Result<Path> find_model(Context& context, std::string_view name);

// The same, opened.
Result<Checkpoint> open_model(Context& context, std::string_view name);

// The kernels of the best instruction set here, or of the one that LINNET_ISA names.
Result<const Kernels*> chosen_kernels(const Context& context);
// run.threads, or one for each processor that this program may use.
size_t chosen_threads(const Context& context);
// The same for running a model; nobody having said how many, a tiny one takes a single thread.
size_t chosen_threads(const Context& context, const Checkpoint& checkpoint);

}  // namespace linnet
