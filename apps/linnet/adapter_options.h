// Adapters as a user names them: PATH, or PATH:SCALE.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "linnet/command.h"
#include "model/adapters/adapter.h"

namespace linnet {

struct AdapterName {
    std::string path;  // or a name of the store
    float scale = 1;
};

// What stands behind the last colon is a scale where it is a number, unless all of the text is the
// path of something. Usage for a scale that is out of range.
Result<AdapterName> parse_adapter(const Context& context, std::string_view text);
Result<float> parse_adapter_scale(std::string_view text);
Result<std::vector<AdapterName>> parse_adapters(const Context& context,
                                                const std::vector<std::string>& texts);

// Found and read, but not yet made ready for a model.
Result<std::vector<AdapterFile>> open_adapters(Context& context,
                                               const std::vector<AdapterName>& names);
// Ready for a model, at the scales that the names have.
Result<Adapters> load_adapters(Context& context, const std::vector<AdapterName>& names,
                               const std::shared_ptr<const Model>& model);

void declare_adapters(Syntax& syntax, std::vector<std::string>& texts);

}  // namespace linnet
