// Looks up files of model repositories laid out like Hugging Face's, at that host or a mirror.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/cancel.h"
#include "store/source.h"
#include "store/supply.h"

namespace linnet {

struct HubSettings {
    std::string endpoint = "https://huggingface.co";
    std::string token;  // for private and gated models; sent to the endpoint only
};

struct HubFile {
    std::string path;
    std::optional<uint64_t> bytes;
    std::optional<Digest> sha256;  // of large files
};

class Hub {
  public:
    static Result<Hub> create(const HubSettings& settings, HttpClient& client);

    // One file; asks for its size, hash and commit. REQUIRES: source.file is not empty.
    Result<Supply> find(const HubSource& source, const Cancel& cancel);
    // The files of a repository and the commit they belong to.
    struct Listing {
        std::string commit;
        std::vector<HubFile> files;
    };
    Result<Listing> list(const HubSource& source, const Cancel& cancel);

  private:
    Hub(Url endpoint, std::string authorization, HttpClient& client)
        : endpoint_(std::move(endpoint)),
          authorization_(std::move(authorization)),
          client_(client) {}
    Result<Url> at(std::string_view path) const;
    Error explain(const HttpHead& head, const HubSource& source) const;

    Url endpoint_;
    std::string authorization_;
    HttpClient& client_;
};

// Which files of a repository or folder make the model: the safetensors with their documents, or
// the one GGUF (with all its parts). An error that lists the choices where there are several.
Result<std::vector<std::string>> choose_model_files(std::span<const std::string> files,
                                                    std::string_view where);

}  // namespace linnet
