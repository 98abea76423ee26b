// Reads safetensors: docs/formats/safetensors.md has the layout.
#include <limits>

#include "base/json_reader.h"
#include "formats/part.h"

namespace linnet {
namespace {

using Token = JsonReader::Token;

constexpr uint64_t header_bytes_max = 100'000'000;  // as the format's own library has it
constexpr size_t depth_max = 16;
constexpr size_t escaped_bytes_max = 16'000'000;  // of all names and values that need a copy

class SafetensorsReader {
  public:
    explicit SafetensorsReader(std::string_view header, Bytes data)
        : json_(header, {.depth_max = depth_max, .escaped_bytes_max = escaped_bytes_max}),
          data_(data) {}
    Result<Part> read();

  private:
    Result<std::string_view> keep_text();
    Result<> read_metadata();
    Result<Tensor> read_tensor(std::string_view name);
    Result<const DType*> read_dtype(std::string_view name);
    Result<Shape> read_shape(std::string_view name);
    Result<Bytes> read_data(std::string_view name);
    Result<> check_cover() const;

    JsonReader json_;
    Bytes data_;
    Part part_;
    size_t escaped_bytes_ = 0;
    bool has_metadata_ = false;
};

Error bad(std::string what) {
    return Error{Code::BadInput, std::move(what)};
}

Result<Part> SafetensorsReader::read() {
    TRY(json_.expect(Token::Object, "the header's object"));
    while (TRY(json_.next()) == Token::Key) {
        if (json_.text() == "__metadata__") {
            TRY(read_metadata());
            continue;
        }
        if (part_.tensors.size() == tensors_max)
            return bad(cat("it has more than ", tensors_max, " tensors"));
        if (json_.text().size() > name_bytes_max)
            return bad(cat("a tensor's name of ", json_.text().size(), " bytes; at most ",
                           name_bytes_max, " are read"));
        std::string_view name = TRY(keep_text());
        part_.tensors.push_back(TRY(read_tensor(name)));
    }
    if (TRY(json_.next()) != Token::End) return bad("text follows the header's object");
    TRY(check_cover());
    return std::move(part_);
}

// The text of the last token for as long as the part lives.
Result<std::string_view> SafetensorsReader::keep_text() {
    if (json_.text_in_place()) return json_.text();
    escaped_bytes_ += json_.text().size();
    if (escaped_bytes_ > escaped_bytes_max)
        return bad(
            cat("names and values with escapes take more than ", bytes_text(escaped_bytes_max)));
    return std::string_view(part_.texts.emplace_back(json_.text()));
}

Result<> SafetensorsReader::read_metadata() {
    if (has_metadata_) return bad("__metadata__ occurs twice");
    has_metadata_ = true;
    std::vector<Metadata::Entry> entries;
    TRY(json_.expect(Token::Object, "the object of __metadata__"));
    while (TRY(json_.next()) == Token::Key) {
        if (entries.size() == entries_max)
            return bad(cat("__metadata__ has more than ", entries_max, " entries"));
        if (json_.text().size() > key_bytes_max)
            return bad(cat("a key of ", json_.text().size(), " bytes; at most ", key_bytes_max,
                           " are read"));
        std::string_view key = TRY(keep_text());
        TRY(json_.expect(Token::String, cat("the text of '", printable(key, 80), "'")));
        std::string_view value = TRY(keep_text());
        entries.push_back({key, Value(ValueType::String, as_bytes(value))});
    }
    part_.metadata = TRY(Metadata::make(std::move(entries)));
    return Done{};
}

Result<Tensor> SafetensorsReader::read_tensor(std::string_view name) {
    Tensor tensor;
    tensor.name = name;
    bool has_shape = false, has_data = false;
    TRY(json_.expect(Token::Object, cat("the object of ", tensor_text(name))));
    while (TRY(json_.next()) == Token::Key) {
        std::string_view field = json_.text();
        bool again = (field == "dtype" && tensor.dtype) || (field == "shape" && has_shape) ||
                     (field == "data_offsets" && has_data);
        if (again) return bad(cat(tensor_text(name), " has the field '", field, "' twice"));
        if (field == "dtype") {
            tensor.dtype = TRY(read_dtype(name));
        } else if (field == "shape") {
            tensor.shape = TRY(read_shape(name));
            has_shape = true;
        } else if (field == "data_offsets") {
            tensor.data = TRY(read_data(name));
            has_data = true;
        } else {
            TRY(json_.skip());
        }
    }
    if (!tensor.dtype || !has_shape || !has_data)
        return bad(cat(tensor_text(name), " lacks its dtype, shape or data_offsets"));
    auto values = tensor.shape.values();
    auto size = values ? tensor.dtype->bytes_of(*values) : std::nullopt;
    if (!size)
        return bad(cat(tensor_text(name), " has an impossible shape: ", shape_text(tensor.shape)));
    if (*size != tensor.data.size())
        return bad(cat(tensor_text(name), " (", shape_text(tensor.shape), " ", tensor.dtype->name,
                       ") needs ", *size, " bytes, but has ", tensor.data.size()));
    tensor.values = *values;
    return tensor;
}

Result<const DType*> SafetensorsReader::read_dtype(std::string_view name) {
    TRY(json_.expect(Token::String, cat("the dtype of ", tensor_text(name))));
    const DType* dtype = dtype_of_safetensors(json_.text());
    if (!dtype)
        return Error{Code::Unsupported,
                     cat(tensor_text(name), " has the number format '", printable(json_.text(), 40),
                         "', which this build does not know")};
    return dtype;
}

Result<Shape> SafetensorsReader::read_shape(std::string_view name) {
    std::array<uint64_t, Shape::rank_max> dims{};
    size_t rank = 0;
    TRY(json_.expect(Token::Array, cat("the shape of ", tensor_text(name))));
    for (Token token = TRY(json_.next()); token != Token::ArrayEnd; token = TRY(json_.next())) {
        auto dim = token == Token::Number ? json_.as_uint() : std::nullopt;
        if (!dim) return bad(cat("the shape of ", tensor_text(name), " is not of whole numbers"));
        if (rank == dims.size())
            return Error{Code::Unsupported,
                         cat(tensor_text(name), " has more than ", dims.size(), " dimensions")};
        dims[rank++] = *dim;
    }
    return Shape(std::span<const uint64_t>(dims).first(rank));
}

Result<Bytes> SafetensorsReader::read_data(std::string_view name) {
    uint64_t ends[2] = {};
    std::string what = cat("the data_offsets of ", tensor_text(name));
    TRY(json_.expect(Token::Array, what));
    for (uint64_t& end : ends) {
        TRY(json_.expect(Token::Number, what));
        auto value = json_.as_uint();
        if (!value) return bad(cat(what, " are not whole numbers"));
        end = *value;
    }
    TRY(json_.expect(Token::ArrayEnd, what));
    if (ends[0] > ends[1]) return bad(cat(what, " run backwards: ", ends[0], " to ", ends[1]));
    if (ends[1] > data_.size())
        return Error{Code::BadInput,
                     cat(tensor_text(name), " ends at ", ends[1], ", beyond the ", data_.size(),
                         " bytes of data in the file"),
                     "the file is cut off or damaged: get it again"};
    return data_.subspan(ends[0], ends[1] - ends[0]);
}

// The format wants every byte to belong to one tensor, so that nothing can hide in a file.
Result<> SafetensorsReader::check_cover() const {
    TRY(refuse_overlaps(part_.tensors));
    const std::byte* at = data_.data();
    for (uint32_t i : by_data(part_.tensors)) {
        const Tensor& tensor = part_.tensors[i];
        if (tensor.data.data() != at)
            return bad(cat("a hole of ", tensor.data.data() - at, " bytes lies before ",
                           tensor_text(tensor.name)));
        at = tensor.data.data() + tensor.data.size();
    }
    if (auto left = data_.data() + data_.size() - at; left != 0)
        return bad(cat(left, " bytes after the last tensor belong to none"));
    return Done{};
}

}  // namespace

Result<Part> read_safetensors(Bytes file) {
    Reader reader(file);
    auto length = TRY(reader.read<uint64_t>());
    if (length > header_bytes_max)
        return bad(cat("a header of ", length, " bytes; at most ", header_bytes_max, " are read"));
    std::string_view header = as_text(TRY(reader.take(length)));
    if (header.empty() || header[0] != '{') return bad("its header is not a JSON object");
    return SafetensorsReader(header, file.subspan(reader.offset())).read();
}

}  // namespace linnet
