#include "linnet/adapter_report.h"

#include <set>

#include "base/text.h"

namespace linnet {
namespace {

std::set<uint64_t> ranks_of(const AdapterFile& adapter) {
    std::set<uint64_t> ranks;
    for (const AdapterFile::Pair& pair : adapter.pairs) ranks.insert(pair.rank);
    return ranks;
}

std::string_view form_name(const AdapterFile& adapter) {
    return adapter.form == AdapterFile::Form::Gguf ? "GGUF" : "PEFT";
}

std::string shape_of(const AdapterFile::Pair& pair) {
    return cat(pair.count > 1 ? cat(pair.count, " x ") : std::string(), pair.rows, " x ",
               pair.columns);
}

}  // namespace

void print_adapter(Output& output, const AdapterFile& adapter, bool tensors) {
    Table table;
    auto row = [&](std::string_view what, std::string value) {
        if (!value.empty())
            table.rows.push_back({output.paint(Style::Bold, what), std::move(value)});
    };
    std::vector<std::string> ranks;
    for (uint64_t rank : ranks_of(adapter)) ranks.push_back(cat(rank));
    row("Adapter", cat("LoRA, ", form_name(adapter)));
    row("For", printable(adapter.base, 200));
    row("Architecture", printable(adapter.architecture, 60));
    row("Rank", join(ranks, ", "));
    row("Alpha", adapter.alpha != 0 ? cat(adapter.alpha) : "");
    row("Changes", cat(adapter.pairs.size(), " tensors"));
    row("File", bytes_text(adapter.checkpoint.file_bytes()));
    output.table(table);
    if (!tensors) return;
    output.line();
    Table list;
    list.header = {"TENSOR", "SHAPE", "RANK", "SCALE", "TYPE"};
    list.right = {false, false, true, true, false};
    for (const AdapterFile::Pair& pair : adapter.pairs)
        list.rows.push_back({printable(pair.name, 200), shape_of(pair), cat(pair.rank),
                             fixed(pair.scale, 3), std::string(pair.down->dtype->name)});
    output.table(list);
}

Json adapter_document(const AdapterFile& adapter, bool tensors) {
    auto text = [](const std::string& value) { return value.empty() ? Json() : Json(value); };
    Json ranks = Json::array();
    for (uint64_t rank : ranks_of(adapter)) ranks.push(rank);
    Json out = Json::object({{"adapter", "lora"},
                             {"format", form_name(adapter)},
                             {"base", text(adapter.base)},
                             {"architecture", text(adapter.architecture)},
                             {"ranks", std::move(ranks)},
                             {"alpha", adapter.alpha},
                             {"tensors", adapter.pairs.size()},
                             {"file_bytes", adapter.checkpoint.file_bytes()}});
    if (!tensors) return out;
    Json list = Json::array();
    for (const AdapterFile::Pair& pair : adapter.pairs)
        list.push(Json::object({{"name", pair.name},
                                {"matrices", pair.count},
                                {"rows", pair.rows},
                                {"columns", pair.columns},
                                {"rank", pair.rank},
                                {"scale", pair.scale},
                                {"type", pair.down->dtype->name}}));
    out.set("tensor_list", std::move(list));
    return out;
}

}  // namespace linnet
