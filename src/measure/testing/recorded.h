// Another machine's /proc and /sys, unpacked from one text file of src/measure/testdata/:
//
//   # a comment, before the first file
//   @ sys/devices/system/cpu/cpu{0-3}/cpu_capacity
//   1024
//
// A line that begins with @ names the file whose lines follow; {0-3} stands for each of the
// numbers.
#pragma once

#include <algorithm>

#include "base/testing/data.h"
#include "base/testing/result.h"
#include "base/testing/temporary.h"
#include "base/text.h"
#include "measure/tree.h"

namespace linnet::testing {

class RecordedTree {
  public:
    RecordedTree() = default;  // an empty machine
    explicit RecordedTree(std::string_view name) {
        Path path = source_folder() / "src/measure/testdata" / cat(name, ".tree");
        std::string text = must(read_file(path, 1'000'000));
        std::string file, content;
        for (std::string_view line : split(text, '\n')) {
            if (!line.starts_with("@ ")) {
                if (!file.empty()) content += cat(line, "\n");
                continue;
            }
            put_each(file, content);
            file = line.substr(2);
            content.clear();
        }
        put_each(file, content);
    }

    Tree tree() const { return Tree(folder_.path()); }
    const Path& root() const { return folder_.path(); }

    void put(std::string_view path, std::string_view content) const {
        Path file = root() / path;
        must(make_folders(file.parent_path()));
        FileWriter writer = must(FileWriter::open(file));
        must(writer.append(as_bytes(content)));
    }
    void remove(std::string_view path) const { std::filesystem::remove_all(root() / path); }

    std::vector<Path> files() const {
        std::vector<Path> out;
        for (const auto& entry : std::filesystem::recursive_directory_iterator(root()))
            if (entry.is_regular_file()) out.push_back(entry.path());
        std::sort(out.begin(), out.end());
        return out;
    }

  private:
    void put_each(std::string_view file, std::string_view content) const {
        if (file.empty()) return;
        size_t open = file.find('{'), close = file.find('}');
        if (open == file.npos) return put(file, content);
        auto range = split(file.substr(open + 1, close - open - 1), '-');
        for (int i = *parse_integer<int>(range[0]); i <= *parse_integer<int>(range[1]); i++)
            put(cat(file.substr(0, open), i, file.substr(close + 1)), content);
    }
    // Hundreds of small files are slow to make on a busy disk.
    static Path memory() {
        return ::access("/dev/shm", W_OK) == 0 ? Path("/dev/shm")
                                               : std::filesystem::temp_directory_path();
    }
    TemporaryFolder folder_{memory()};
};

}  // namespace linnet::testing
