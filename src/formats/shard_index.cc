// The index of a sharded safetensors model: {"metadata": {...}, "weight_map": {tensor: file}}.
#include <unordered_map>

#include "base/json_reader.h"
#include "formats/locate.h"
#include "formats/part.h"

namespace linnet {
namespace {

using Token = JsonReader::Token;

constexpr uint64_t index_bytes_max = 100'000'000;
constexpr size_t escaped_bytes_max = 16'000'000;

// A shard lies beside its index: a name that leads elsewhere would let a downloaded model read any
// file of the user's.
bool plain_name(std::string_view name) {
    return name.ends_with(".safetensors") && name.find_first_of("/\\") == name.npos &&
           name.find('\0') == name.npos && name.size() <= 255;
}

class IndexReader {
  public:
    explicit IndexReader(MappedFile file)
        : out_{file, {}, {}, {}},
          json_(as_text(file.bytes()), {.depth_max = 16, .escaped_bytes_max = escaped_bytes_max}) {}

    Result<ShardIndex> read() {
        bool found = false;
        TRY(json_.expect(Token::Object, "the index's object"));
        while (TRY(json_.next()) == Token::Key) {
            if (json_.text() != "weight_map") {
                TRY(json_.skip());
                continue;
            }
            if (found) return Error{Code::BadInput, "weight_map occurs twice"};
            found = true;
            TRY(read_map());
        }
        if (TRY(json_.next()) != Token::End || !found || out_.entries.empty())
            return Error{Code::BadInput, "it has no weight_map, or an empty one"};
        return std::move(out_);
    }

  private:
    Result<> read_map() {
        TRY(json_.expect(Token::Object, "the object of weight_map"));
        while (TRY(json_.next()) == Token::Key) {
            if (out_.entries.size() == tensors_max)
                return Error{Code::BadInput, cat("it names more than ", tensors_max, " tensors")};
            if (json_.text().size() > name_bytes_max)
                return Error{Code::BadInput, cat("a tensor's name of ", json_.text().size(),
                                                 " bytes; at most ", name_bytes_max, " are read")};
            std::string_view tensor = TRY(keep_text());
            TRY(json_.expect(Token::String, cat("the file of ", tensor_text(tensor))));
            out_.entries.push_back({tensor, TRY(file_place())});
        }
        return Done{};
    }

    Result<std::string_view> keep_text() {
        if (json_.text_in_place()) return json_.text();
        escaped_bytes_ += json_.text().size();
        if (escaped_bytes_ > escaped_bytes_max)
            return Error{Code::BadInput,
                         cat("names with escapes take more than ", bytes_text(escaped_bytes_max))};
        return std::string_view(out_.texts.emplace_back(json_.text()));
    }

    Result<uint32_t> file_place() {
        std::string name(json_.text());
        if (auto known = places_.find(name); known != places_.end()) return known->second;
        if (!plain_name(name))
            return Error{Code::BadInput, cat("weight_map names '", printable(name, 100),
                                             "', which is not a .safetensors file beside it")};
        if (out_.files.size() == files_max)
            return Error{Code::BadInput, cat("it names more than ", files_max, " files")};
        auto place = static_cast<uint32_t>(out_.files.size());
        out_.files.push_back(name);
        places_.emplace(std::move(name), place);
        return place;
    }

    ShardIndex out_;
    JsonReader json_;
    std::unordered_map<std::string, uint32_t> places_;
    size_t escaped_bytes_ = 0;
};

}  // namespace

Result<ShardIndex> read_shard_index(const Path& path) {
    MappedFile file = TRY(MappedFile::open(path));
    if (file.bytes().size() > index_bytes_max)
        return Error{Code::BadInput, cat(path, " is larger than the ", bytes_text(index_bytes_max),
                                         " allowed for an index")};
    auto index = IndexReader(file).read();
    if (!index) return std::move(index).error().within(cat(path));
    return index;
}

}  // namespace linnet
