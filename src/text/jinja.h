// Jinja in a sandbox: a template parsed once, rendered many times, by any number of threads.
// docs/formats/chat-templates.md says which part of the language this is.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"

namespace linnet::jinja {

struct Program;

struct Limits {
    size_t source_max;  // bytes of template
    size_t steps_max;  // of evaluation; 64 bytes of text count as one, more where each is looked at
    int calls_max;     // macros inside macros
    size_t memory_max;  // bytes alive at any moment
    size_t output_max;  // bytes written
};

struct Time {
    int64_t unix_s = 0;
    int utc_offset_s = 0;
};

class Template {
  public:
    // Errors name line and column.
    static Result<Template> parse(std::string_view source, const Limits& limits);
    Template(Template&&) noexcept;
    Template& operator=(Template&&) noexcept;
    ~Template();

    // variables: an object. What the template raises itself is Code::Usage.
    Result<std::string> render(const Json& variables, Time now, const Limits& limits) const;
    bool uses(std::string_view name) const;  // whether the name occurs as a variable

  private:
    explicit Template(std::unique_ptr<const Program> program);
    std::unique_ptr<const Program> program_;
};

}  // namespace linnet::jinja
