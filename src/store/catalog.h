// The models that can be pulled by name: the list that comes with the program, and the user's own.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "store/manifest.h"

namespace linnet {

struct CatalogEntry {
    std::string name;   // is_model_name()
    std::string title;  // one line for people
    std::string use;    // "chat", "embedding"; may be empty, as all texts below
    std::string licence, architecture, parameters, format;
    std::vector<ModelFile> files;  // sorted by path
    // References, in the order in which they are tried. One that ends in '/' is a folder that holds
    // all files; any other names the only file.
    std::vector<std::string> sources;

    uint64_t bytes() const;
    // The reference of one of its files at that source.
    std::string source_of(const std::string& source, const ModelFile& file) const;
};

class Catalog {
  public:
    static Catalog built_in();
    // Adds the entries of a document, which replace earlier ones of the same name.
    Result<> add(std::string_view text);

    const std::vector<CatalogEntry>& entries() const { return entries_; }
    const CatalogEntry* find(std::string_view name) const;

  private:
    std::vector<CatalogEntry> entries_;
};

}  // namespace linnet
