// What filters share: the attribute an item is looked at by, and sorting.
#pragma once

#include "text/jinja_call.h"

namespace linnet::jinja {

// "author.books.0", a number, or nothing for the item itself.
class AttributePath {
  public:
    static Result<AttributePath> of(Runtime& runtime, const Value* attribute);
    // `other` stands in for what is undefined on the way.
    Result<Value> from(Runtime& runtime, Value item, const Value* other = nullptr) const;

  private:
    std::vector<Value> parts_;
};

// A string in lower case; everything else as it is.
Value ignore_case(Runtime& runtime, const Value& value);

// Stable; an item goes where its key goes. Reversed, equal ones keep their order too.
struct Keyed {
    Value key;
    Value item;
};
Result<Done> sort_by_key(Runtime& runtime, std::vector<Keyed>& items, bool reverse);

Result<size_t> length_of(const Value& value);

}  // namespace linnet::jinja
