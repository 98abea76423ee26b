// A JSON Schema document as its compiler sees it: which schemas hold together, what each may be,
// and whether a value fits. Keywords are checked when a schema is first looked at.
#pragma once

#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "base/json.h"
#include "grammar/number_range.h"
#include "grammar/regex.h"

namespace linnet {

using Schema = const Json*;
// Schemas that must all hold; none of them: anything fits.
using Schemas = std::vector<Schema>;

// Kinds of values, as bits. Integer is a number without a fraction, Fraction any other.
namespace kinds {
enum : uint32_t {
    Null = 1,
    Bool = 2,
    Integer = 4,
    Fraction = 8,
    String = 16,
    Array = 32,
    Object = 64
};
inline constexpr uint32_t number = Integer | Fraction;
inline constexpr uint32_t all = 127;
}  // namespace kinds

class SchemaDocument {
  public:
    static constexpr size_t cases_max = 500;

    // The document must outlive it.
    SchemaDocument(const Json& root, const Unicode& unicode) : root_(root), unicode_(unicode) {}

    // The same without $ref, allOf, anyOf and oneOf: any of the results may hold. Usage for
    // keywords that are not known, with the place.
    Result<std::vector<Schemas>> cases(const Schemas& schemas);

    // Of schemas as cases() gives them: the kinds that are allowed, and of these the kinds that
    // their keywords are about, where no type is named.
    uint32_t formal_kinds(const Schemas& schemas) const;
    uint32_t meant_kinds(const Schemas& schemas) const;

    // What holds for a member or an element, from all of them. `found` tells of a member whether
    // some schema names it.
    Result<Schemas> member(const Schemas& schemas, std::string_view name, bool& found);
    Schemas element(const Schemas& schemas, size_t index) const;
    NumberRange range(const Schemas& schemas) const;

    // `depth` bounds how often a schema may lead to another.
    Result<bool> fits(const Json& value, const Schemas& schemas, int depth = 0);
    Result<bool> name_matches(std::string_view pattern, std::string_view name);
    // Whether no value of one is one of the other, as far as that can be told. `around` holds for
    // both; it has gone through cases() already.
    Result<bool> are_disjoint(const Schemas& a, const Schemas& b, const Schemas& around,
                              int depth = 0);

    // "at '/properties/name/minLength': " of a schema or a keyword's value in the document.
    Error error(Schema where, std::string_view what, std::string_view next = "") const;
    const Unicode& unicode() const { return unicode_; }

  private:
    struct Case {
        Schemas open, done;
    };
    Result<> check_keywords(Schema schema);
    Result<> check_keyword(const std::string& name, const Json& value) const;
    Result<Schema> resolve(const Json& reference) const;
    Result<> check_one_of(const Json::Array& branches, const Schemas& around);
    Result<bool> fits_one(const Json& value, Schema schema, int depth);
    Result<bool> fits_string(const std::string& value, Schema schema);
    Result<bool> fits_array(const Json& value, Schema schema, int depth);
    Result<bool> fits_object(const Json& value, Schema schema, int depth);
    Result<bool> are_disjoint_cases(const Schemas& a, const Schemas& b, int depth);
    Result<bool> no_value_of(const Schemas& listed, const Schemas& other, int depth);

    const Json& root_;
    const Unicode& unicode_;
    std::set<Schema> checked_;
    std::set<Schema> one_ofs_;  // checked, or being checked
    std::map<std::pair<std::string, std::string>, bool> name_matches_;
};

// The strings of a named format; nothing where the name is not known.
std::optional<std::string_view> format_pattern(std::string_view name);

}  // namespace linnet
