// Where everything lies within the store's folder. docs/formats/store.md describes it.
#pragma once

#include <string>
#include <string_view>

#include "base/file.h"
#include "trust/hash.h"

namespace linnet {

class Layout {
  public:
    explicit Layout(Path data) : data_(std::move(data)) {}

    const Path& data() const { return data_; }
    Path blobs() const { return data_ / "blobs" / "sha256"; }
    Path blob(const Digest& digest) const {
        std::string hex = digest.hex();
        return blobs() / hex.substr(0, 2) / hex;
    }
    Path manifests() const { return data_ / "manifests"; }
    // REQUIRES (here and for models): is_model_name(name).
    Path manifest(std::string_view name) const {
        return manifests() / (std::string(name) + ".json");
    }
    Path models() const { return data_ / "models"; }
    Path model(std::string_view name) const { return models() / name; }
    Path aliases() const { return data_ / "aliases.json"; }
    Path partials() const { return data_ / "partial"; }
    Path locks() const { return data_ / "locks"; }
    Path lock(std::string_view key) const { return locks() / (std::string(key) + ".lock"); }

  private:
    Path data_;
};

// What a download is known by: its hash where that is known, else its source. A file name.
std::string download_key(const Digest& sha256);
std::string download_key(std::string_view source);

}  // namespace linnet
