// What GGUF names, and what a Hugging Face folder calls it.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace linnet {

// A '#' stands for a number: of a layer, of an expert. Settings may lie within others: "a.b".
struct NamePair {
    std::string_view gguf, hugging_face;
};

// What holds where a folder leaves a setting out.
struct Usual {
    std::string_view gguf;
    double value;
};

// Every name that a folder may have for GGUF's: the family's own if it has any, else the shared
// ones.
std::vector<std::string> folder_names(std::span<const NamePair> family, std::string_view gguf);

// How folders name the same tensor: the language model may stand alone, without its head, or within
// a model of text and images; an encoder may stand within a model that does something with it.
std::vector<std::string> name_variants(std::string_view name);

// GGUF's word for config.json's "model_type".
std::string_view architecture_of(std::string_view model_type);

}  // namespace linnet
