// A Hugging Face folder small enough for a test: the golden llama, with a tokenizer of letters.
#pragma once

#include <filesystem>

#include "base/json.h"
#include "base/testing/data.h"
#include "linnet/testing/process.h"

namespace linnet::testing {

// Its tokens are <s>, </s>, and single letters.
inline void write_tiny_folder(const RunFolder& folder, const Path& name) {
    const Path golden = source_folder() / "tests/golden/families/llama";
    const Path to = folder.path() / "work" / name;
    std::filesystem::create_directories(to);
    for (const char* file : {"config.json", "model.safetensors"})
        std::filesystem::copy_file(golden / file, to / file);
    Json vocabulary = Json::object();
    vocabulary.set("<pad>", 0).set("<s>", 1).set("</s>", 2);
    int id = 3;
    for (char c = 'a'; c <= 'z'; c++) vocabulary.set(std::string(1, c), id++);
    for (const char* text : {"\xC4\xA0", "th", "the"}) vocabulary.set(text, id++);  // a space first
    Json merges = Json::array();
    merges.push("t h").push("th e");
    Json added = Json::array();
    for (int special = 0; special < 3; special++)
        added.push(Json::object({{"id", special},
                                 {"content", special == 0   ? "<pad>"
                                             : special == 1 ? "<s>"
                                                            : "</s>"},
                                 {"special", true}}));
    Json tokenizer = Json::object(
        {{"added_tokens", added},
         {"pre_tokenizer", Json::object({{"type", "ByteLevel"}, {"add_prefix_space", false}})},
         {"decoder", Json::object({{"type", "ByteLevel"}})},
         {"model", Json::object({{"type", "BPE"}, {"vocab", vocabulary}, {"merges", merges}})}});
    folder.write(Path("work") / name / "tokenizer.json", tokenizer.dump());
    folder.write(Path("work") / name / "tokenizer_config.json",
                 Json::object({{"bos_token", "<s>"},
                               {"eos_token", "</s>"},
                               {"chat_template", "{{ messages[0].content }}"}})
                     .dump());
}

}  // namespace linnet::testing
