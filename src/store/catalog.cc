#include "store/catalog.h"

#include <algorithm>

#include "base/text.h"
#include "store/name.h"
#include "store/source.h"

namespace linnet {

extern const std::string_view catalog_json;  // catalog.json, embedded by the build

namespace {

constexpr int64_t version = 1;
constexpr size_t sources_max = 16;

Result<CatalogEntry> parse_entry(const Json& json) {
    CatalogEntry entry;
    entry.name = json.string_or("name", "");
    if (!is_model_name(entry.name))
        return Error{Code::BadInput,
                     cat("'", printable(entry.name, 100), "' cannot be the name of a model"),
                     "a name has lower-case letters, digits and . _ - inside"};
    entry.title = json.string_or("title", "");
    entry.use = json.string_or("use", "");
    entry.licence = json.string_or("licence", "");
    entry.architecture = json.string_or("architecture", "");
    entry.parameters = json.string_or("parameters", "");
    entry.format = json.string_or("format", "");
    const Json* files = json.find("files");
    auto parsed = parse_model_files(files ? *files : Json());
    if (!parsed) return std::move(parsed).error().within(entry.name);
    entry.files = std::move(*parsed);
    const Json* sources = json.find("sources");
    const Json::Array* list = sources ? sources->as_array() : nullptr;
    if (!list || list->empty() || list->size() > sources_max)
        return Error{Code::BadInput, cat(entry.name, ": 'sources' is not a list of 1 to ",
                                         sources_max, " references")};
    for (const Json& item : *list) {
        const std::string* text = item.as_string();
        if (!text) return Error{Code::BadInput, cat(entry.name, ": a source is not a text")};
        if (entry.files.size() > 1 && !text->ends_with('/'))
            return Error{Code::BadInput,
                         cat(entry.name, ": the source ", printable(*text, 200),
                             " names one of several files"),
                         "end it with /, as the folder that holds all of them"};
        entry.sources.push_back(*text);
        auto source = parse_source(entry.source_of(*text, entry.files[0]));
        if (!source) return std::move(source).error().within(entry.name);
    }
    return entry;
}

}  // namespace

uint64_t CatalogEntry::bytes() const {
    uint64_t sum = 0;
    for (const ModelFile& file : files) sum += file.bytes;
    return sum;
}

std::string CatalogEntry::source_of(const std::string& source, const ModelFile& file) const {
    return source.ends_with('/') ? source + file.path : source;
}

Catalog Catalog::built_in() {
    Catalog catalog;
    check(bool(catalog.add(catalog_json)), "the catalog that is built in is good");
    return catalog;
}

Result<> Catalog::add(std::string_view text) {
    Json json = TRY(Json::parse(text, {.depth_max = 8, .values_max = 1'000'000}));
    const Json* mark = json.find("linnet_catalog");
    const Json* models = json.find("models");
    if (!mark || !mark->as_int() || !models || !models->is_array())
        return Error{Code::BadInput, "not a catalog: 'linnet_catalog' or 'models' is missing",
                     R"(write {"linnet_catalog": 1, "models": [...]})"};
    if (*mark->as_int() != version)
        return Error{Code::Unsupported, cat("a catalog of version ", *mark->as_int()),
                     cat("this linnet reads version ", version)};
    std::vector<CatalogEntry> added;
    for (const Json& item : *models->as_array()) {
        CatalogEntry entry = TRY(parse_entry(item));
        if (std::ranges::find(added, entry.name, &CatalogEntry::name) != added.end())
            return Error{Code::BadInput, cat("the catalog lists ", entry.name, " twice")};
        added.push_back(std::move(entry));
    }
    for (CatalogEntry& entry : added) {
        auto old = std::ranges::find(entries_, entry.name, &CatalogEntry::name);
        if (old == entries_.end())
            entries_.push_back(std::move(entry));
        else
            *old = std::move(entry);
    }
    return Done{};
}

const CatalogEntry* Catalog::find(std::string_view name) const {
    auto found = std::ranges::find(entries_, name, &CatalogEntry::name);
    return found == entries_.end() ? nullptr : &*found;
}

}  // namespace linnet
