#include "linnet/models.h"

#include "base/cpus.h"
#include "base/text.h"
#include "kernels/select.h"
#include "linnet/store_access.h"

namespace linnet {

Result<bool> is_name_of_model(const Context& context, std::string_view name) {
    Store store = TRY(open_store(context));
    if (name == default_model || store.find(name) || store.catalog().find(name)) return true;
    for (const Alias& alias : TRY(store.aliases()))
        if (alias.name == name) return true;
    return false;
}

Result<Path> find_model(Context& context, std::string_view name) {
    Path path = expand_home(name, context.paths.home);
    std::error_code ignored;
    if (std::filesystem::exists(path, ignored)) return path;
    Store store = TRY(open_store(context));
    auto found = store.resolve(name);
    if (found) return found->path;
    // What the catalog knows is brought at once: asking for a model is reason enough.
    bool can_be_pulled = name == default_model || store.catalog().find(name);
    if (found.error().code != Code::NotFound || !can_be_pulled) return std::move(found).error();
    PullReport report = TRY(pull_model(context, store, {.what = std::string(name)}));
    return report.model.path;
}

Result<Checkpoint> open_model(Context& context, std::string_view name) {
    auto checkpoint = Checkpoint::open(TRY(find_model(context, name)));
    if (!checkpoint) return std::move(checkpoint).error().within(printable(name));
    return checkpoint;
}

Result<const Kernels*> chosen_kernels(const Context& context) {
    auto name = context.environment.get("LINNET_ISA");
    if (!name) return &kernels_of(kernel_isas().back());
    auto wanted = parse_isa(*name);
    if (!wanted || !runs_on(*wanted, cpu_features()))
        return Error{Code::Usage,
                     cat("LINNET_ISA is '", printable(*name), "', which ",
                         wanted ? "this processor cannot run" : "is no instruction set"),
                     "linnet doctor lists what it can"};
    return &kernels_of(*wanted);
}

size_t chosen_threads(const Context& context) {
    size_t threads = context.settings.integer("run.threads");
    return threads > 0 ? threads : cpu_budget().threads;
}

size_t chosen_threads(const Context& context, const Checkpoint& checkpoint) {
    // Below, workers wait for each other longer than they save: with 0.3 million weights two
    // threads gave 6,100 tokens a second, one 7,700.
    constexpr uint64_t tiny_bytes = 3 << 20;
    uint64_t bytes = 0;
    for (const Tensor& tensor : checkpoint.tensors()) bytes += tensor.data.size();
    bool is_free = context.settings.integer("run.threads") == 0;
    return is_free && bytes < tiny_bytes ? 1 : chosen_threads(context);
}

}  // namespace linnet
