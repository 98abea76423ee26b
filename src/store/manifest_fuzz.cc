// Manifests and catalogs: what parses holds only names that stay in their folder, and comes back.
#include "store/manifest.h"

#include <cstdint>

#include "store/catalog.h"
#include "store/name.h"
#include "store/source.h"

using namespace linnet;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    std::string_view text(reinterpret_cast<const char*>(data), size);
    if (auto manifest = parse_manifest(text)) {
        check(is_model_name(manifest->name), "the name is one");
        for (const ModelFile& file : manifest->files)
            check(is_model_file(file.path), "so are files");
        auto again = parse_manifest(manifest_text(*manifest));
        // Text that is not UTF-8 is replaced once, and then stays.
        check(bool(again) && manifest_text(*again) == manifest_text(*manifest), "it comes back");
    }
    Catalog catalog;
    (void)catalog.add(text);
    for (const CatalogEntry& entry : catalog.entries()) {
        check(is_model_name(entry.name) && !entry.sources.empty(), "entries are usable");
        check(bool(parse_source(entry.source_of(entry.sources[0], entry.files[0]))), "and sources");
    }
    if (auto source = parse_source(text)) {
        auto again = parse_source(source_text(*source));
        check(bool(again) && source_text(*again) == source_text(*source), "one text, one meaning");
        check(is_model_name(make_model_name(source_stem(*source))) ||
                  make_model_name(source_stem(*source)).empty(),
              "a name can be made");
    }
    return 0;
}
