// The dialects, one file each.
#pragma once

#include "text/dialect.h"

namespace linnet {

extern const Dialect cohere_dialect;
extern const Dialect deepseek_dialect;
extern const Dialect functionary_dialect;
extern const Dialect granite_dialect;
extern const Dialect hermes_dialect;
extern const Dialect lfm2_dialect;
extern const Dialect llama3_dialect;
extern const Dialect mistral_dialect;
extern const Dialect nemotron_dialect;
extern const Dialect phi4_dialect;
extern const Dialect plain_dialect;

}  // namespace linnet
