// Objects of a JSON Schema: their members in the order in which the schema names them, and behind
// these the members that it does not name, where it allows any.
#pragma once

#include "grammar/schema.h"

namespace linnet {

// What the compiler of schemas lends to its parts.
class SchemaValues {
  public:
    virtual ~SchemaValues() = default;
    virtual Draft& draft() = 0;
    virtual SchemaDocument& document() = 0;
    virtual ExprId value(const Schemas& schemas) = 0;  // what fits all of them
};

// REQUIRES: `schemas` is one of SchemaDocument::cases().
Result<ExprId> draft_object(SchemaValues& values, const Schemas& schemas);

}  // namespace linnet
