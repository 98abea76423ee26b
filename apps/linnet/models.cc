#include "linnet/models.h"

#include "base/text.h"

namespace linnet {

Result<Path> find_model(Context& context, std::string_view name) {
    Path path = expand_home(name, context.paths.home);
    std::error_code ignored;
    if (std::filesystem::exists(path, ignored)) return path;
    return Error{Code::NotFound, cat("there is no model '", printable(name), "'"),
                 "name a model file, or a folder that holds one"};
}

Result<Checkpoint> open_model(Context& context, std::string_view name) {
    auto checkpoint = Checkpoint::open(TRY(find_model(context, name)));
    if (!checkpoint) return std::move(checkpoint).error().within(printable(name));
    return checkpoint;
}

}  // namespace linnet
