#include "formats/locate.h"

#include <algorithm>
#include <system_error>

#include "base/text.h"

namespace linnet {
namespace {

constexpr std::string_view middle = "-of-";
constexpr size_t digits = 5;
constexpr size_t folder_entries_max = 100'000;

struct Listing {
    std::vector<std::string> names;  // sorted
    bool has(std::string_view name) const { return std::ranges::binary_search(names, name); }
    std::vector<std::string> ending(std::string_view extension) const {
        std::vector<std::string> out;
        for (const std::string& name : names)
            if (name.ends_with(extension)) out.push_back(name);
        return out;
    }
};

Result<Listing> list(const Path& folder) {
    Listing out;
    std::error_code error;
    std::filesystem::directory_iterator at(folder, error), end;
    while (!error && at != end) {
        if (out.names.size() == folder_entries_max)
            return Error{Code::Unsupported,
                         cat(folder, " holds more than ", folder_entries_max, " files")};
        out.names.push_back(at->path().filename().string());
        at.increment(error);
    }
    if (error) return system_error(error.value(), "list", folder);
    std::ranges::sort(out.names);
    return out;
}

// GGUF files that can be a model of their own: one of each split set, no image projector.
std::vector<std::string> whole_models(const Listing& listing) {
    std::vector<std::string> out;
    for (const std::string& name : listing.ending(".gguf")) {
        auto part = parse_part_name(name, ".gguf");
        if ((part && part->place != 1) || name.starts_with("mmproj")) continue;
        out.push_back(name);
    }
    return out;
}

Error nothing_in(const Path& folder, const Listing& listing) {
    Error error{Code::NotFound, cat(folder,
                                    " holds no model: neither a .gguf nor a .safetensors "
                                    "file")};
    if (!listing.ending(".bin").empty() || !listing.ending(".pt").empty() ||
        !listing.ending(".pth").empty())
        return std::move(error).advise(
            "weights in PyTorch's pickle format are not read, because such a file can run code; "
            "get the model as safetensors or GGUF");
    return error;
}

}  // namespace

std::optional<PartName> parse_part_name(std::string_view name, std::string_view extension) {
    constexpr size_t tail = 1 + digits + middle.size() + digits;  // "-00002-of-00003"
    if (!name.ends_with(extension)) return std::nullopt;
    name.remove_suffix(extension.size());
    if (name.size() <= tail) return std::nullopt;
    std::string_view stem = name.substr(0, name.size() - tail);
    std::string_view rest = name.substr(stem.size());
    if (rest[0] != '-' || rest.substr(1 + digits, middle.size()) != middle) return std::nullopt;
    auto number = [](std::string_view text) -> std::optional<uint64_t> {
        if (!std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; }))
            return std::nullopt;
        return parse_integer<uint64_t>(text);
    };
    auto place = number(rest.substr(1, digits));
    auto count = number(rest.substr(1 + digits + middle.size()));
    if (!place || !count || *place < 1 || *place > *count) return std::nullopt;
    return PartName{std::string(stem), *place, *count};
}

std::string part_file_name(const PartName& part, std::string_view extension) {
    auto padded = [](uint64_t number) {
        std::string text = cat(number);
        return std::string(digits - std::min(digits, text.size()), '0') + text;
    };
    return cat(part.stem, "-", padded(part.place), middle, padded(part.count), extension);
}

Result<Path> model_in_folder(const Path& folder) {
    Listing listing = TRY(list(folder));
    for (const char* name : {"model.safetensors.index.json", "model.safetensors"})
        if (listing.has(name)) return folder / name;
    auto models = whole_models(listing);
    if (models.empty()) models = listing.ending(index_ending);
    if (models.empty()) models = listing.ending(".safetensors");
    if (models.empty()) return nothing_in(folder, listing);
    if (models.size() > 1) {
        constexpr size_t named_max = 5;
        std::string names;
        for (size_t i = 0; i < std::min(models.size(), named_max); i++)
            names += cat(i ? ", " : "", printable(models[i], 100));
        return Error{Code::Usage,
                     cat(folder, " holds ", models.size(), " models: ", names,
                         models.size() > named_max ? ", …" : ""),
                     "name the file that you mean"};
    }
    return folder / models[0];
}

}  // namespace linnet
