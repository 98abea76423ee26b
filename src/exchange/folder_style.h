// What a GGUF file of an architecture has otherwise than a Hugging Face folder of it: one row each.
// What every file has alike is in the code that reads this, in both directions.
#pragma once

#include <span>
#include <string_view>

#include "formats/checkpoint.h"

namespace linnet {

struct FolderStyle {
    std::string_view architecture;
    std::string_view model_type, class_name;  // of the folder that is made of a file
    bool pairs_together = false;  // the two rows that are turned together lie side by side
    float norm_offset = 0;        // what is added to the weights of norms
    bool transposed = false;      // the folder has matrices as (columns, rows)
    bool always_tied = false;     // the head is the embedding, whatever else the folder holds
    std::string_view activation = "silu";  // which llama.cpp takes it to have
    unsigned full_every = 0;   // every so manieth layer sees all, the others a window; 0: unsaid
    bool says_layers = false;  // the file says which layers have a window
    bool has_window = false;   // and how long it is
};

// Models for tests have no tokenizer, and no program runs what is made of them.
enum class WithTokenizer { Yes, No };

// Null for an architecture whose folders cannot be brought into GGUF, nor its files into folders.
const FolderStyle* folder_style(std::string_view architecture);
std::span<const FolderStyle> folder_styles();

// The heads of the tensor that GGUF calls `name`, where its rows have another order on the other
// side, else 0. BadInput where its rows are no whole heads.
struct HeadCounts {
    uint32_t heads = 0, kv_heads = 0;
};
Result<uint32_t> heads_in_pairs(const FolderStyle& style, std::string_view name,
                                const Tensor& tensor, HeadCounts counts);

}  // namespace linnet
