#include "giants.h"

#include <algorithm>
#include <string>

#include "formats/testing/gguf_bytes.h"

namespace linnet::mutation {
namespace {

using linnet::testing::raw;

constexpr uint64_t large = 64'000'000;

// Appends a pattern again and again, without holding it all.
Result<> repeat(FileWriter& file, std::string_view pattern, uint64_t count) {
    std::string chunk;
    uint64_t in_chunk = std::max<uint64_t>(1, 65536 / pattern.size());
    for (uint64_t i = 0; i < in_chunk; i++) chunk += pattern;
    for (; count >= in_chunk; count -= in_chunk) TRY(file.append(as_bytes(chunk)));
    return file.append(as_bytes(std::string_view(chunk).substr(0, count * pattern.size())));
}

// A GGUF file with one key whose value is `head` and then a repeated pattern.
Result<Path> gguf_value(const Path& folder, std::string_view key, ValueType type, std::string head,
                        std::string_view pattern, uint64_t count) {
    Path path = folder / "m.gguf";
    FileWriter file = TRY(FileWriter::open(path));
    std::string start = "GGUF" + raw(uint32_t{3}) + raw(uint64_t{0}) + raw(uint64_t{1}) +
                        raw(uint64_t{key.size()}) + std::string(key) +
                        raw(static_cast<uint32_t>(type)) + head;
    TRY(file.append(as_bytes(start)));
    TRY(repeat(file, pattern, count));
    return path;
}

Result<Path> gguf_array(const Path& folder, std::string_view key, ValueType items,
                        std::string_view pattern, uint64_t count) {
    return gguf_value(folder, key, ValueType::Array, raw(static_cast<uint32_t>(items)) + raw(count),
                      pattern, count);
}

Result<Path> empty_strings(const Path& folder) {
    return gguf_array(folder, "tokenizer.ggml.tokens", ValueType::String, std::string(8, '\0'),
                      large / 8);
}

Result<Path> empty_arrays(const Path& folder) {
    return gguf_array(folder, "k", ValueType::Array, std::string(12, '\0'), large / 12);
}

Result<Path> bools(const Path& folder) {
    return gguf_array(folder, "llama.block_count", ValueType::Bool, "\1", large);
}

Result<Path> long_text(const Path& folder, std::string_view key) {
    return gguf_value(folder, key, ValueType::String, raw(large), "x\n", large / 2);
}
Result<Path> long_name(const Path& folder) {
    return long_text(folder, "general.name");
}
Result<Path> long_template(const Path& folder) {
    return long_text(folder, "tokenizer.chat_template");
}
Result<Path> long_architecture(const Path& folder) {
    return long_text(folder, "general.architecture");
}

Result<Path> many_keys(const Path& folder) {
    Path path = folder / "m.gguf";
    testing::GgufBytes bytes;
    for (uint32_t i = 0; i < 65536; i++) bytes.number(cat(i), i);
    FileWriter file = TRY(FileWriter::open(path));
    TRY(file.append(as_bytes(bytes.build())));
    return path;
}

Result<Path> many_tensors(const Path& folder) {
    Path path = folder / "m.gguf";
    FileWriter file = TRY(FileWriter::open(path));
    constexpr uint64_t count = 131072;
    std::string text = "GGUF" + raw(uint32_t{3}) + raw(count) + raw(uint64_t{0});
    for (uint64_t i = 0; i < count; i++) {
        std::string name = cat(i);
        text +=
            raw(uint64_t{name.size()}) + name + raw(uint32_t{0}) + raw(uint32_t{0}) + raw(i * 32);
        if (text.size() > 65536) {
            TRY(file.append(as_bytes(text)));
            text.clear();
        }
    }
    text.resize(text.size() + (32 - (file.size() + text.size()) % 32) % 32);
    TRY(file.append(as_bytes(text)));
    TRY(repeat(file, std::string(32, 'x'), count));
    return path;
}

// A safetensors file whose header is a repeated pattern between two texts.
Result<Path> header(const Path& folder, std::string_view first, std::string_view pattern,
                    uint64_t count, std::string_view last) {
    Path path = folder / "m.safetensors";
    FileWriter file = TRY(FileWriter::open(path));
    uint64_t length = first.size() + pattern.size() * count + last.size();
    TRY(file.append(as_bytes(raw(length))));
    TRY(file.append(as_bytes(first)));
    TRY(repeat(file, pattern, count));
    TRY(file.append(as_bytes(last)));
    return path;
}

Result<Path> long_escapes(const Path& folder) {
    return header(folder, R"({"__metadata__":{"a":")", "\\n", large / 2, "\"}}");
}
Result<Path> long_metadata(const Path& folder) {
    return header(folder, R"({"__metadata__":{"a":")", "xy", large / 2, "\"}}");
}
Result<Path> many_values(const Path& folder) {
    return header(folder, R"({"a":{"x":[0)", ",[]", large / 3,
                  R"(],"dtype":"F32","shape":[0],"data_offsets":[0,0]}})");
}
Result<Path> only_space(const Path& folder) {
    return header(folder, "{", " ", large, "}");
}

Result<Path> many_named(const Path& folder) {
    Path path = folder / "m.safetensors";
    std::string text = "{";
    for (int i = 0; i < 131072; i++)
        text +=
            cat(i ? "," : "", "\"\\n", i, R"(":{"dtype":"F32","shape":[0],"data_offsets":[0,0]})");
    text += "}";
    FileWriter file = TRY(FileWriter::open(path));
    TRY(file.append(as_bytes(raw(uint64_t{text.size()}))));
    TRY(file.append(as_bytes(text)));
    return path;
}

// A Hugging Face folder with one tensor and one large side file.
Result<Path> side_file(const Path& folder, std::string_view name, std::string_view first,
                       std::string_view pattern, uint64_t count, std::string_view last) {
    Path root = folder / "model";
    TRY(make_folders(root));
    TRY(header(root, "{", " ", 1, "}"));
    FileWriter file = TRY(FileWriter::open(root / name));
    TRY(file.append(as_bytes(first)));
    TRY(repeat(file, pattern, count));
    TRY(file.append(as_bytes(last)));
    return root;
}

Result<Path> large_tokenizer(const Path& folder) {
    return side_file(folder, "tokenizer.json", R"({"model":{"type":"BPE","merges":[0)", ",[]",
                     large / 3, "]}}");
}
Result<Path> large_vocabulary(const Path& folder) {
    return side_file(folder, "tokenizer.json", R"({"model":{"vocab":{"a":0)", R"(,"":1)", large / 5,
                     "}}}");
}
Result<Path> large_config(const Path& folder) {
    return side_file(folder, "config.json", R"({"a":[0)", ",[]", 2'600'000, "]}");
}
Result<Path> large_config_text(const Path& folder) {
    return side_file(folder, "tokenizer_config.json", R"({"chat_template":")", "\\n", 3'900'000,
                     "\"}");
}
Result<Path> large_index(const Path& folder) {
    return side_file(folder, "model.safetensors.index.json",
                     R"({"weight_map":{"a":"m.safetensors")", R"(,"a":"m.safetensors")", 131071,
                     "}}");
}

constexpr Giant table[] = {
    {"8 million empty strings", empty_strings},
    {"5 million empty arrays", empty_arrays},
    {"64 million bools for the layers", bools},
    {"a name of 64 MB", long_name},
    {"an architecture of 64 MB", long_architecture},
    {"a template of 64 MB", long_template},
    {"65536 keys", many_keys},
    {"131072 tensors", many_tensors},
    {"a text of 32 million escapes", long_escapes},
    {"a text of 64 MB", long_metadata},
    {"21 million unknown values", many_values},
    {"a header of space", only_space},
    {"131072 names with escapes", many_named},
    {"a tokenizer of 21 million lists", large_tokenizer},
    {"a vocabulary of 13 million tokens", large_vocabulary},
    {"a config of 2.6 million lists", large_config},
    {"a template of 3.9 million escapes", large_config_text},
    {"an index of 131072 tensors", large_index},
};

}  // namespace

std::span<const Giant> giants() {
    return table;
}

}  // namespace linnet::mutation
