#include "text/jinja.h"

#include <algorithm>

#include "base/text.h"
#include "text/jinja_interpreter.h"
#include "text/jinja_json.h"
#include "text/jinja_parser.h"

namespace linnet::jinja {

Template::Template(std::unique_ptr<const Program> program) : program_(std::move(program)) {}
Template::Template(Template&&) noexcept = default;
Template& Template::operator=(Template&&) noexcept = default;
Template::~Template() = default;

Result<Template> Template::parse(std::string_view source, const Limits& limits) {
    if (source.size() > limits.source_max)
        return Error{Code::BadInput, cat("the template has ", bytes_text(source.size()),
                                         ", which is more than ", bytes_text(limits.source_max))};
    if (!valid_utf8(source)) return Error{Code::BadInput, "the template is not UTF-8 text"};
    return Template(TRY(parse_program(source)));
}

Result<std::string> Template::render(const Json& variables, Time now, const Limits& limits) const {
    check(variables.is_object(), "variables are an object");
    Runtime runtime(limits.steps_max, limits.memory_max, {now.unix_s, now.utc_offset_s});
    std::vector<std::pair<std::string, Value>> values;
    for (const auto& [name, json] : *variables.as_object())
        if (uses(name)) values.emplace_back(name, TRY(value_of(runtime, json)));
    Interpreter interpreter(runtime, *program_, {limits.calls_max, limits.output_max});
    return interpreter.run(values);
}

bool Template::uses(std::string_view name) const {
    return std::find(program_->symbols.begin(), program_->symbols.end(), name) !=
           program_->symbols.end();
}

}  // namespace linnet::jinja
