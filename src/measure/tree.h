// Small values of /proc and /sys. Everything may be missing, forbidden or nonsense: then there is
// no value, and access() says why. `root` is "/" or a folder in which a test keeps another
// machine's.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"

namespace linnet {

enum class Access { Readable, Absent, Denied, Broken };
std::string_view access_name(Access access);  // "readable", "absent", "denied", "broken"

class Tree {
  public:
    explicit Tree(Path root = "/") : root_(std::move(root)) {}

    const Path& root() const { return root_; }
    bool is_this_machine() const { return root_ == "/"; }

    // Paths are relative to the root: "proc/meminfo".
    std::optional<std::string> text(std::string_view path) const;  // whole, trimmed
    std::optional<std::string> word(std::string_view path) const;  // one short printable line
    std::optional<int64_t> number(std::string_view path) const;
    std::optional<uint64_t> count(std::string_view path) const;  // a number that is not negative
    bool exists(std::string_view path) const;
    // Whether a number can be read there.
    Access access(std::string_view path) const;

    // What a folder holds, in natural order ("hwmon2" before "hwmon10"), at most names_max.
    std::vector<std::string> names(std::string_view folder) const;
    // Those of them that begin so.
    std::vector<std::string> names(std::string_view folder, std::string_view prefix) const;

    static constexpr size_t names_max = 4096;
    static constexpr size_t text_bytes_max = 4'000'000;  // /proc/cpuinfo of 2,000 processors
    static constexpr size_t word_bytes_max = 80;

  private:
    Path root_;
};

// The value in "name:  value" lines, of the first line with that name.
std::optional<std::string_view> field(std::string_view text, std::string_view name);

}  // namespace linnet
