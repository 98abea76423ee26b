#include "boundary.h"

#include "base/code.h"
#include "base/cpus.h"
#include "kernels/select.h"

struct linnet_error {
    std::string message, next;
    std::string_view name;
};

namespace linnet::boundary {

int report(const Error& error, linnet_error** to) {
    if (to) *to = new linnet_error{error.what, error.next, code_row(error.code).name};
    return code_row(error.code).exit_code;
}

int report_no_memory(linnet_error** to) noexcept {
    if (to) *to = new (std::nothrow) linnet_error{};
    return LINNET_NO_FIT;
}

Result<> check_size(size_t size) {
    constexpr size_t most = 4096;
    if (size >= sizeof(size_t) && size <= most) return Done{};
    return Error{Code::Usage, cat("a struct says that its size is ", size),
                 "set `size` to the sizeof of the struct"};
}

Result<std::string> text_of(const char* text, std::string_view name) {
    if (!text) return Error{Code::Usage, cat(name, " is null")};
    return std::string(text);
}

Result<Opened> open_files(const char* path, const linnet_model_options* options) {
    constexpr uint32_t most = 1024;
    linnet_model_options how{};
    if (options) how = TRY(known(options));
    if (how.threads == 0) how.threads = static_cast<uint32_t>(cpu_budget().threads);
    if (how.threads > most || how.sequences > most || how.waiting > most)
        return Error{Code::Usage, cat("more than ", most, " threads, sequences or requests")};
    if (how.kv < LINNET_KV_USUAL || how.kv > LINNET_KV_INT16)
        return Error{Code::Usage, cat("there are no numbers of the cache called ", how.kv)};
    std::string name = TRY(text_of(path, "the path"));
    auto checkpoint = Checkpoint::open(name);
    if (!checkpoint) return std::move(checkpoint).error().within(printable(name));
    constexpr std::optional<KvType> kinds[] = {std::nullopt, KvType::F32, KvType::F16, KvType::I8,
                                               KvType::I16};
    return Opened{.checkpoint = std::move(*checkpoint),
                  .options = how,
                  .kernels = kernels_of(kernel_isas().back()),
                  .math = how.exact ? Math::F32 : Math::Fast,
                  .kv = kinds[how.kv],
                  .memory_max = how.memory_max > 0 ? std::optional(how.memory_max) : std::nullopt};
}

}  // namespace linnet::boundary

const char* linnet_error_message(const linnet_error* error) {
    if (!error) return "";
    return error->message.empty() ? "there is not enough memory" : error->message.c_str();
}
const char* linnet_error_next(const linnet_error* error) {
    return error ? error->next.c_str() : "";
}
const char* linnet_error_name(const linnet_error* error) {
    if (!error) return "";
    return error->name.empty() ? "no_fit" : error->name.data();  // literals of a table
}
void linnet_error_free(linnet_error* error) {
    delete error;
}
