// A model as a GGUF file, whatever it is: what writes GGUF takes Hugging Face folders as well.
#pragma once

#include "linnet/command.h"
#include "linnet/models.h"

namespace linnet {

// A GGUF file as it is. What a folder becomes lies in a file in the folder `beside` (that of
// temporary files where it is empty), which has no name any more and goes with the checkpoint.
Result<Checkpoint> open_as_gguf(Context& context, std::string_view name, const Path& beside);

// The SHA-256 of its files, in order. What a folder became has no name to read it by.
std::string file_digests(const Checkpoint& checkpoint);

// The folder that a file lies in or will.
Path folder_of(const Path& file);

}  // namespace linnet
