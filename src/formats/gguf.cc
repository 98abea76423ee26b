// Reads GGUF, versions 1 to 3: docs/formats/gguf.md has the layout.
#include <bit>

#include "formats/part.h"

namespace linnet {
namespace {

constexpr uint64_t dims_max = 4;  // ggml's
constexpr uint64_t alignment_default = 32;
constexpr uint64_t alignment_max = 65536;

class GgufReader {
  public:
    explicit GgufReader(Bytes file) : file_(file), in_(file) {}
    Result<Part> read();

  private:
    Result<> read_version();
    Result<uint64_t> read_count();  // 4 bytes in version 1, else 8
    Result<std::string_view> read_string(size_t bytes_max, std::string_view what);
    Result<Metadata::Entry> read_entry();
    Result<Value> read_value();
    Result<uint64_t> alignment(const Metadata& metadata) const;
    Result<Tensor> read_tensor();
    Result<Shape> read_shape(std::string_view name);
    Result<> place(Tensor& tensor, uint64_t offset, uint64_t data_start, uint64_t alignment) const;

    uint8_t length_bytes() const { return version_ == 1 ? 4 : 8; }

    Bytes file_;
    Reader in_;
    uint32_t version_ = 0;
    std::vector<uint64_t> offsets_;  // of the tensors, from the start of the data
};

Error bad(std::string what) {
    return Error{Code::BadInput, std::move(what)};
}

Result<Part> GgufReader::read() {
    TRY(read_version());
    uint64_t tensors = TRY(read_count());
    uint64_t entries = TRY(read_count());
    if (tensors > tensors_max)
        return bad(cat("it claims ", tensors, " tensors; at most ", tensors_max, " are read"));
    if (entries > entries_max)
        return bad(cat("it claims ", entries, " key/values; at most ", entries_max, " are read"));

    Part part;
    part.version = version_;
    std::vector<Metadata::Entry> list;
    // The shortest: a key of one byte behind its length, a type, one byte of value.
    list.reserve(TRY(in_.plausible(entries, length_bytes() + 1u + 4u + 1u)));
    for (uint64_t i = 0; i < entries; i++) list.push_back(TRY(read_entry()));
    part.metadata = TRY(Metadata::make(std::move(list)));
    uint64_t align = TRY(alignment(part.metadata));

    // The shortest: an empty name behind its length, no dimensions, a type, an offset.
    part.tensors.reserve(TRY(in_.plausible(tensors, length_bytes() + 4u + 4u + 8u)));
    offsets_.reserve(tensors);
    for (uint64_t i = 0; i < tensors; i++) part.tensors.push_back(TRY(read_tensor()));
    auto data_start = checked_align(in_.offset(), align);
    check(data_start.has_value(), "an offset in a mapped file is far from overflow");
    for (size_t i = 0; i < part.tensors.size(); i++)
        TRY(place(part.tensors[i], offsets_[i], *data_start, align));
    TRY(refuse_overlaps(part.tensors));
    return part;
}

Result<> GgufReader::read_version() {
    Bytes magic = TRY(in_.take(4));
    if (as_text(magic) != "GGUF") return bad("it does not begin with the letters GGUF");
    version_ = TRY(in_.read<uint32_t>());
    if (version_ == 0) return bad("it says to be GGUF version 0, which does not exist");
    // Versions are small, so a big-endian file shows in the lower half.
    if ((version_ & 0xFFFF) == 0)
        return Error{Code::Unsupported, "it is a big-endian GGUF file",
                     "get the little-endian file of the same model"};
    if (version_ > 3)
        return Error{Code::Unsupported,
                     cat("it is GGUF version ", version_, "; versions 1 to 3 are read")};
    return Done{};
}

Result<uint64_t> GgufReader::read_count() {
    if (version_ == 1) return uint64_t{TRY(in_.read<uint32_t>())};
    return TRY(in_.read<uint64_t>());
}

Result<std::string_view> GgufReader::read_string(size_t bytes_max, std::string_view what) {
    uint64_t length = TRY(read_count());
    if (length > bytes_max)
        return bad(cat(what, " of ", length, " bytes at offset ", in_.offset(),
                       " cannot be right: at most ", bytes_max, " are read"));
    std::string_view text = as_text(TRY(in_.take(length)));
    if (!valid_utf8(text))
        return bad(cat(what, " at offset ", in_.offset() - length, " is not UTF-8"));
    return text;
}

Result<Metadata::Entry> GgufReader::read_entry() {
    std::string_view key = TRY(read_string(key_bytes_max, "a key"));
    if (key.empty()) return bad(cat("a key at offset ", in_.offset(), " is empty"));
    auto value = read_value();
    if (!value)
        return std::move(value).error().within(cat("the value of '", printable(key, 80), "'"));
    return Metadata::Entry{key, *value};
}

Result<Value> GgufReader::read_value() {
    auto number = TRY(in_.read<uint32_t>());
    auto type = value_type_of(number);
    if (!type) return bad(cat("no value type has the number ", number));
    switch (*type) {
        case ValueType::String: {
            uint64_t length = TRY(read_count());
            return Value(*type, TRY(in_.take(length)));
        }
        case ValueType::Array: {
            auto item_number = TRY(in_.read<uint32_t>());
            auto items = value_type_of(item_number);
            if (!items) return bad(cat("no value type has the number ", item_number));
            uint64_t count = TRY(read_count());
            return Array::read(in_, *items, count, length_bytes());
        }
        default: {
            Bytes bytes = TRY(in_.take(value_type_bytes(*type)));
            if (*type == ValueType::Bool && bytes[0] > std::byte{1})
                return bad(
                    cat("a bool is neither 0 nor 1 but ", std::to_integer<unsigned>(bytes[0])));
            return Value(*type, bytes);
        }
    }
}

Result<uint64_t> GgufReader::alignment(const Metadata& metadata) const {
    const Value* value = metadata.find("general.alignment");
    if (!value) return alignment_default;
    auto align = value->as_uint();
    if (!align)
        return bad(cat("general.alignment is of type ", value_type_name(value->type()),
                       ", not a positive integer"));
    if (!std::has_single_bit(*align) || *align > alignment_max)
        return bad(
            cat("general.alignment is ", *align, ", not a power of two up to ", alignment_max));
    return *align;
}

Result<Tensor> GgufReader::read_tensor() {
    Tensor tensor;
    tensor.name = TRY(read_string(name_bytes_max, "a tensor's name"));
    tensor.shape = TRY(read_shape(tensor.name));
    auto number = TRY(in_.read<uint32_t>());
    offsets_.push_back(TRY(in_.read<uint64_t>()));
    tensor.dtype = dtype_of_ggml(number);
    if (!tensor.dtype) {
        // Formats that only repacked others for some processors, and two that never left 2023.
        bool removed = number == 4 || number == 5 || (number >= 31 && number <= 33) ||
                       (number >= 36 && number <= 38);
        return Error{Code::Unsupported,
                     cat(tensor_text(tensor.name), " has the number format ", number, ", which ",
                         removed ? "was removed from GGUF" : "this build does not know"),
                     removed ? "get a file in a current format, such as Q4_0" : ""};
    }
    auto values = tensor.shape.values();
    if (!values)
        return bad(cat(tensor_text(tensor.name),
                       " has more values than 64 bits can count: ", shape_text(tensor.shape)));
    tensor.values = *values;
    if (tensor.shape.row() % tensor.dtype->block_values != 0)
        return bad(cat(tensor_text(tensor.name), " has rows of ", tensor.shape.row(),
                       " values, not a multiple of the ", tensor.dtype->block_values,
                       " that form a block of ", tensor.dtype->name));
    return tensor;
}

Result<Shape> GgufReader::read_shape(std::string_view name) {
    auto rank = TRY(in_.read<uint32_t>());
    if (rank > dims_max)
        return bad(cat(tensor_text(name), " has ", rank, " dimensions; GGUF allows ", dims_max));
    std::array<uint64_t, dims_max> dims{};
    for (uint32_t i = 0; i < rank; i++) {  // the file has the innermost first
        uint64_t dim = TRY(read_count());
        if (dim == 0) return bad(cat(tensor_text(name), " has a dimension of 0"));
        dims[rank - 1 - i] = dim;
    }
    return Shape(std::span(dims).first(rank));
}

Result<> GgufReader::place(Tensor& tensor, uint64_t offset, uint64_t data_start,
                           uint64_t align) const {
    auto size = tensor.dtype->bytes_of(tensor.values);
    auto begin = checked_add(data_start, offset);
    auto end = size && begin ? checked_add(*begin, *size) : std::nullopt;
    if (!end || *end > file_.size())
        return Error{
            Code::BadInput,
            cat(tensor_text(tensor.name), " (", shape_text(tensor.shape), " ", tensor.dtype->name,
                " at ", offset, ") ends beyond the file of ", file_.size(), " bytes"),
            "the file is cut off or damaged: get it again"};
    if (offset % align != 0)
        return bad(cat(tensor_text(tensor.name), " begins at ", offset,
                       ", not a multiple of the alignment ", align));
    tensor.data = file_.subspan(*begin, *size);
    return Done{};
}

}  // namespace

Result<Part> read_gguf(Bytes file) {
    return GgufReader(file).read();
}

}  // namespace linnet
