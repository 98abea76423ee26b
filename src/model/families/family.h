// The architectures that linnet runs: one file each beside this one, and one row in family.cc.
#pragma once

#include <span>
#include <string_view>

#include "model/model.h"

namespace linnet {

struct Family {
    std::string_view architecture;  // GGUF's general.architecture
    Result<ModelParts> (*build)(const Source& source);
    std::span<const NamePair> names{};  // of a folder, where they are not the shared ones
    std::span<const Usual> usual{};     // of a folder, where it leaves a setting out
    // A GGUF file's weights are not those of the folder it was made from, but for their order.
    bool own_gguf_weights = false;
};

extern const Family falcon_h1_family, gemma3n_family, granite_hybrid_family, lfm2_family,
    mamba2_family, rwkv7_family;
extern const Family bert_family, gemma2_family, gemma3_family, gpt2_family, granite_family,
    llama_family, nomic_bert_family, olmo2_family, phi3_family, qwen2_family, qwen3_family,
    qwen3moe_family, smollm3_family;

std::span<const Family* const> families();
const Family* find_family(std::string_view architecture);

}  // namespace linnet
