// Judges a document by a JSON schema, in the part of draft 2020-12 that docs/schema uses: type,
// enum, const, properties, required, additionalProperties, items, anyOf, minimum, maximum, pattern,
// and $ref to "#/$defs/…". A keyword that is not known is an error, so that no schema says more
// than is checked.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"

namespace linnet::testing {

// What is wrong, each with its place; empty where the document fits.
std::vector<std::string> schema_errors(const Json& schema, const Json& document);

}  // namespace linnet::testing
