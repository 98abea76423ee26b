#include "model/adapters/adapter_file.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "model/adapters/peft_config.h"

namespace linnet {
namespace {

constexpr std::string_view config_name = "adapter_config.json";
constexpr std::string_view tensors_name = "adapter_model.safetensors";

// Where a folder of PEFT keeps its tensors; any other path is what it is.
Result<Path> tensors_of(const Path& path) {
    std::error_code ignored;
    if (!std::filesystem::is_directory(path, ignored)) return path;
    if (std::filesystem::exists(path / tensors_name, ignored)) return path / tensors_name;
    if (std::filesystem::exists(path / "adapter_model.bin", ignored))
        return Error{Code::Unsupported,
                     cat(path,
                         " holds its tensors in PyTorch's pickle format, which is not read, "
                         "because such a file can run code"),
                     "save the adapter with PEFT's save_pretrained(safe_serialization=True)"};
    return path;
}

// How a tensor of an adapter is named behind the tensor that it changes.
struct Ending {
    std::string_view down, up;
};
constexpr Ending gguf_ending{".lora_a", ".lora_b"}, peft_ending{".lora_A.weight", ".lora_B.weight"};

constexpr std::string_view own_head_name = ".lm_head.base_layer.weight";

std::string shown(const Tensor& tensor) {
    return cat("'", printable(tensor.name, 120), "'");
}

Error not_an_update(const Tensor& tensor) {
    std::string_view name = tensor.name;
    std::string_view what = "is no part of a low-rank update";
    if (name.find("lora_embedding_") != name.npos) what = "changes an embedding";
    if (name.find("magnitude_vector") != name.npos) what = "is one of DoRA's";
    return {Code::Unsupported,
            cat("the adapter's tensor ", shown(tensor), " ", what, ", which linnet does not apply"),
            "merge the adapter into its model with the program that made it"};
}

// Shapes that belong together, whatever the model.
Result<> measure(AdapterFile::Pair& pair) {
    const Shape &down = pair.down->shape, &up = pair.up->shape;
    auto wrong = [&](std::string_view why) {
        return Error{Code::BadInput,
                     cat("the adapter's tensors ", shown(*pair.down), " and ", shown(*pair.up),
                         " are ", shape_text(down), " and ", shape_text(up), ": ", why)};
    };
    const size_t dims = down.rank();
    if (dims != up.rank() || dims < 2 || dims > 3) return wrong("not two matrices, nor two stacks");
    if (pair.down->values == 0 || pair.up->values == 0) return wrong("they are empty");
    pair.count = dims == 3 ? down[0] : 1;
    pair.rank = down[dims - 2], pair.columns = down.row(), pair.rows = up[dims - 2];
    if (dims == 3 && up[0] != pair.count) return wrong("they are of unequal numbers of matrices");
    if (up.row() != pair.rank) return wrong("their ranks are not the same");
    for (const Tensor* tensor : {pair.down, pair.up})
        if (!tensor->dtype->decode || !tensor->dtype->bytes_of(tensor->shape.row()))
            return Error{Code::BadInput,
                         cat("the adapter's tensor ", shown(*tensor), " is of type ",
                             tensor->dtype->name, ", which holds no weights")};
    return Done{};
}

// name_of(stem): what a tensor that changes `stem` is kept as.
template <class NameOf>
Result<> collect(AdapterFile& file, Ending ending, NameOf name_of) {
    for (const Tensor& tensor : file.checkpoint.tensors()) {
        if (tensor.name.ends_with(own_head_name)) {
            file.own_head = &tensor;
            continue;
        }
        bool down = tensor.name.ends_with(ending.down), up = tensor.name.ends_with(ending.up);
        if (!down && !up) return not_an_update(tensor);
        std::string_view stem = tensor.name;
        stem.remove_suffix((down ? ending.down : ending.up).size());
        const Tensor* other = file.checkpoint.find(cat(stem, down ? ending.up : ending.down));
        if (!other)
            return Error{Code::BadInput,
                         cat("the adapter has ", shown(tensor), ", but not '", printable(stem, 100),
                             down ? ending.up : ending.down, "'")};
        if (!down) continue;
        AdapterFile::Pair pair{.name = name_of(stem), .down = &tensor, .up = other};
        TRY(measure(pair));
        file.pairs.push_back(std::move(pair));
    }
    if (file.pairs.empty()) return Error{Code::BadInput, "the adapter holds no tensors"};
    std::ranges::sort(file.pairs, {}, &AdapterFile::Pair::name);
    auto twice = std::ranges::adjacent_find(file.pairs, {}, &AdapterFile::Pair::name);
    if (twice != file.pairs.end())
        return Error{Code::BadInput,
                     cat("the adapter changes '", printable(twice->name, 100), "' twice")};
    return Done{};
}

Result<> read_gguf(AdapterFile& file) {
    const Metadata& metadata = file.checkpoint.metadata();
    auto text = [&](std::string_view key) {
        return std::string(metadata.string_of(key).value_or(""));
    };
    if (std::string type = text("adapter.type"); type != "lora")
        return Error{Code::Unsupported, cat("the adapter is of the type '", printable(type, 40),
                                            "'; linnet applies those of the type 'lora'")};
    if (metadata.find("adapter.alora.invocation_tokens"))
        return Error{Code::Unsupported,
                     "the adapter begins within a text (activated LoRA), which linnet does not do"};
    file.architecture = text("general.architecture");
    file.base = text("general.base_model.0.name");
    file.alpha = metadata.double_of("adapter.lora.alpha").value_or(0);
    if (!std::isfinite(file.alpha) || std::abs(file.alpha) > 1e9)
        return Error{Code::BadInput, cat("the adapter's alpha is ", file.alpha)};
    TRY(collect(file, gguf_ending, [](std::string_view stem) { return std::string(stem); }));
    for (AdapterFile::Pair& pair : file.pairs)
        if (file.alpha != 0)
            pair.scale = static_cast<float>(file.alpha / static_cast<double>(pair.rank));
    return Done{};
}

Result<> read_peft(AdapterFile& file) {
    if (!file.checkpoint.has_document(config_name))
        return Error{Code::Usage,
                     cat("there is no ", config_name, " beside it, so it is no adapter of PEFT")};
    Json document = TRY(file.checkpoint.document(config_name));
    PeftConfig config = TRY(PeftConfig::read(document));
    file.base = config.base();
    file.alpha = config.alpha();
    TRY(collect(file, peft_ending, [](std::string_view stem) {
        constexpr std::string_view around = "base_model.model.";
        if (stem.starts_with(around)) stem.remove_prefix(around.size());
        return cat(stem, ".weight");
    }));
    for (AdapterFile::Pair& pair : file.pairs) {
        std::string_view module = pair.name;
        module.remove_suffix(std::string_view(".weight").size());
        pair.scale = TRY(config.scale_of(module, pair.rank));
        if (!std::isfinite(pair.scale)) return Error{Code::BadInput, "the adapter's rank is 0"};
    }
    return Done{};
}

}  // namespace

bool AdapterFile::is_one(const Checkpoint& checkpoint) {
    return checkpoint.format() == Format::Gguf
               ? checkpoint.metadata().string_of("general.type") == "adapter"
               : checkpoint.has_document(config_name) && !checkpoint.has_document("config.json");
}

Result<AdapterFile> AdapterFile::open(const Path& path) {
    Path tensors = TRY(tensors_of(path));
    auto file = read(TRY(Checkpoint::open(tensors)));
    if (!file) return std::move(file).error().within(printable(path.string()));
    return file;
}

Result<AdapterFile> AdapterFile::read(Checkpoint checkpoint) {
    bool gguf = checkpoint.format() == Format::Gguf;
    AdapterFile file{.checkpoint = std::move(checkpoint), .form = gguf ? Form::Gguf : Form::Peft};
    if (gguf && !is_one(file.checkpoint))
        return Error{Code::Usage, "this is a model, not an adapter for one"};
    TRY(gguf ? read_gguf(file) : read_peft(file));
    return file;
}

Result<> AdapterFile::check_fits(std::optional<uint64_t> memory_max) const {
    uint64_t values = 0;
    for (const Pair& pair : pairs) values += pair.down->values + pair.up->values;
    const uint64_t bytes = values * sizeof(float);
    if (!memory_max || bytes <= *memory_max) return Done{};
    return Error{Code::NoFit,
                 cat("the adapter ", printable(checkpoint.path().string()), " needs ",
                     bytes_text(bytes), ", and ", bytes_text(*memory_max), " are available"),
                 "use an adapter of a lower rank, or free memory"};
}

const AdapterFile::Pair* AdapterFile::find(std::string_view name) const {
    auto found = std::ranges::lower_bound(pairs, name, {}, &Pair::name);
    return found != pairs.end() && found->name == name ? &*found : nullptr;
}

}  // namespace linnet
