// What an adapter is, for people and as a document.
#pragma once

#include "linnet/output.h"
#include "model/adapters/adapter_file.h"

namespace linnet {

void print_adapter(Output& output, const AdapterFile& adapter, bool tensors);
Json adapter_document(const AdapterFile& adapter, bool tensors);

}  // namespace linnet
