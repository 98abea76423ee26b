#include "linnet/gguf_input.h"

#include <unistd.h>

#include "base/text.h"
#include "exchange/folder_to_gguf.h"
#include "linnet/passing_file.h"
#include "trust/hash.h"

namespace linnet {

Result<Checkpoint> open_as_gguf(Context& context, std::string_view name, const Path& beside) {
    Checkpoint checkpoint = TRY(open_model(context, name));
    if (checkpoint.format() == Format::Gguf) return checkpoint;
    auto plan = plan_import(checkpoint);
    if (!plan) return std::move(plan).error().within(printable(name));
    for (const std::string& warning : plan->warnings) context.output.warn(warning);
    std::error_code ignored;
    const Path folder = beside.empty() ? std::filesystem::temp_directory_path(ignored) : beside;
    const PassingFile made(folder / cat(".linnet-", getpid(), ".gguf"));
    TRY(write_import(*plan, made.path(), context.progress, context.cancel));
    return Checkpoint::open(made.path());
}

std::string file_digests(const Checkpoint& checkpoint) {
    std::string out;
    for (const MappedFile& file : checkpoint.files())
        out += cat(out.empty() ? "" : " ", sha256(file.bytes()).text());
    return out;
}

Path folder_of(const Path& file) {
    return file.has_parent_path() ? file.parent_path() : Path(".");
}

}  // namespace linnet
