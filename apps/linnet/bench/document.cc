#include "linnet/bench/document.h"

#include "base/text.h"

namespace linnet {
namespace {

Json to_json(const Repeated& value) {
    return Json::object({{"mean", value.mean}, {"best", value.best}, {"spread", value.spread}});
}

Json to_json(const std::optional<Repeated>& value) {
    return value ? to_json(*value) : Json();
}

// Each measurement by itself, for who compares programs pair by pair.
Json samples_of(const BenchReport& report, size_t place) {
    Json out = Json::array();
    for (const BenchSample& sample : report.samples) {
        if (sample.config != place) continue;
        out.push(Json::object({{"prefill_tps", or_null(sample.prefill_tps)},
                               {"decode_tps", or_null(sample.decode_tps)},
                               {"first_token_s", sample.first_token_s}}));
    }
    return out;
}

Json row_document(const BenchReport& report, const BenchRow& row) {
    const BenchConfig& config = row.config;
    return Json::object({{"threads", config.threads},
                         {"concurrency", config.concurrency},
                         {"depth", config.depth},
                         {"prompt", config.prompt},
                         {"generate", config.generate},
                         {"repeats", row.repeats},
                         {"prefill_tps", to_json(row.prefill_tps)},
                         {"decode_tps", to_json(row.decode_tps)},
                         {"first_token_s", to_json(row.first_token_s)},
                         {"memory_bytes", row.memory_bytes},
                         {"prefill_joules_per_token", or_null(row.prefill_joules)},
                         {"decode_joules_per_token", or_null(row.decode_joules)},
                         {"bandwidth_share", or_null(row.bandwidth_share)},
                         {"integer_share", or_null(row.integer_share)},
                         {"samples", samples_of(report, row.place)}});
}

Json model_document(const BenchReport& report) {
    Json types = Json::array();
    for (const TypeShare& share : report.summary.types)
        types.push(Json::object({{"type", share.type}, {"bytes", share.bytes}}));
    return Json::object({{"named", report.model},
                         {"name", report.summary.name},
                         {"architecture", report.summary.architecture},
                         {"parameters", report.summary.parameters},
                         {"weight_bytes", report.summary.weight_bytes},
                         {"bytes_per_token", report.work.bytes},
                         {"types", std::move(types)}});
}

Json sustained_document(const Sustained& sustained) {
    Json points = Json::array();
    for (const SustainedPoint& point : sustained.points)
        points.push(Json::object({{"at_s", point.at_s},
                                  {"samples", point.samples},
                                  {"prefill_tps", or_null(point.prefill_tps)},
                                  {"decode_tps", or_null(point.decode_tps)},
                                  {"celsius", or_null(point.celsius)},
                                  {"hz", or_null(point.hz)}}));
    return Json::object({{"seconds", sustained.seconds},
                         {"kept", or_null(sustained.kept())},
                         {"slowed_down", or_null(sustained.slowed_down)},
                         {"points", std::move(points)}});
}

Json limits_document(const BenchReport& report) {
    Json out = Json::array();
    for (const MachineLimit& limit : report.limits)
        out.push(Json::object({{"threads", limit.threads},
                               {"read_bytes_per_second", or_null(limit.bytes_per_second)},
                               {"products_per_second", limit.products_per_second}}));
    return out;
}

std::string percent(const std::optional<double>& share) {
    return share ? cat(fixed(*share * 100, 0), " %") : "-";
}

std::string speed(const std::optional<Repeated>& tps) {
    if (!tps) return "-";
    int decimals = tps->mean < 100 ? 1 : 0;
    return cat(fixed(tps->mean, decimals), " ± ", fixed(tps->spread, decimals));
}

void print_rows(Output& output, const BenchReport& report) {
    bool joules = !report.energy_source.empty();
    Table table;
    table.header = {"THREADS", "AT ONCE", "DEPTH",       "PROMPT",    "GENERATE",
                    "PREFILL", "DECODE",  "FIRST TOKEN", "BANDWIDTH", "INTEGERS"};
    if (joules) table.header.emplace_back("J/TOKEN");
    table.right.assign(table.header.size(), true);
    for (const BenchRow& row : report.rows()) {
        std::vector<std::string> cells = {
            cat(row.config.threads),      cat(row.config.concurrency),
            cat(row.config.depth),        cat(row.config.prompt),
            cat(row.config.generate),     speed(row.prefill_tps),
            speed(row.decode_tps),        cat(fixed(row.first_token_s.mean * 1000, 1), " ms"),
            percent(row.bandwidth_share), percent(row.integer_share)};
        auto cost = row.decode_joules ? row.decode_joules : row.prefill_joules;
        if (joules) cells.push_back(cost ? fixed(*cost, 3) : "-");
        table.rows.push_back(std::move(cells));
    }
    output.table(table);
}

void print_sustained(Output& output, const Sustained& sustained) {
    constexpr size_t lines = 20;
    output.line();
    Table table;
    table.header = {"TIME", "PREFILL", "DECODE", "TEMPERATURE"};
    table.right.assign(4, true);
    auto number = [](const std::optional<double>& value) {
        return value ? fixed(*value, 1) : std::string("-");
    };
    size_t step = (sustained.points.size() + lines - 1) / lines;
    for (size_t i = 0; i < sustained.points.size(); i += std::max<size_t>(step, 1)) {
        const SustainedPoint& point = sustained.points[i];
        table.rows.push_back({duration_text(point.at_s), number(point.prefill_tps),
                              number(point.decode_tps),
                              point.celsius ? cat(fixed(*point.celsius, 0), " °C") : "-"});
    }
    output.table(table);
    if (auto kept = sustained.kept())
        output.line(cat("The last quarter of ", duration_text(sustained.seconds), " ran at ",
                        fixed(*kept * 100, 0), " % of the speed of the first."));
    if (sustained.slowed_down.value_or(0) > 0)
        output.line(cat("The processor slowed down for its heat ", *sustained.slowed_down,
                        " times meanwhile."));
}

}  // namespace

Json bench_document(const BenchReport& report) {
    Json rows = Json::array();
    for (const BenchRow& row : report.rows()) rows.push(row_document(report, row));
    return Json::object(
        {{"model", model_document(report)},
         {"machine", Json::object({{"name", report.machine.processor.machine},
                                   {"processor", report.machine.processor.name},
                                   {"threads", report.machine.budget.threads}})},
         {"isa", report.isa},
         {"math", report.math},
         {"kv", report.kv},
         {"load_s", report.load_s},
         {"peak_memory_bytes", report.peak_memory_bytes},
         {"energy_source", report.energy_source.empty() ? Json() : Json(report.energy_source)},
         {"limits", limits_document(report)},
         {"interrupted", report.interrupted},
         {"rows", std::move(rows)},
         {"sustained", report.sustained ? sustained_document(*report.sustained) : Json()}});
}

std::string bench_csv(const BenchReport& report) {
    std::string out =
        "threads,concurrency,depth,prompt,generate,repeats,prefill_tps,prefill_best,"
        "prefill_spread,decode_tps,decode_best,decode_spread,first_token_s,memory_bytes,"
        "prefill_joules_per_token,decode_joules_per_token,bandwidth_share,integer_share\n";
    auto value = [](const std::optional<double>& number) { return number ? cat(*number) : ""; };
    auto three = [](const std::optional<Repeated>& r) {
        return r ? cat(r->mean, ",", r->best, ",", r->spread) : ",,";
    };
    for (const BenchRow& row : report.rows()) {
        const BenchConfig& c = row.config;
        out += cat(c.threads, ",", c.concurrency, ",", c.depth, ",", c.prompt, ",", c.generate, ",",
                   row.repeats, ",", three(row.prefill_tps), ",", three(row.decode_tps), ",",
                   row.first_token_s.mean, ",", row.memory_bytes, ",", value(row.prefill_joules),
                   ",", value(row.decode_joules), ",", value(row.bandwidth_share), ",",
                   value(row.integer_share), "\n");
    }
    return out;
}

void print_bench(Output& output, const BenchReport& report) {
    output.line(cat(output.paint(Style::Bold, report.summary.name.empty() ? printable(report.model)
                                                                          : report.summary.name),
                    ": ", report.summary.architecture, ", ",
                    fixed(static_cast<double>(report.summary.parameters) / 1e6, 1),
                    " million weights, ", bytes_text(report.summary.weight_bytes), ", ",
                    report.types_text()));
    output.line(cat("on ", report.machine_text(), ", ", report.isa, " kernels, ", report.math,
                    " arithmetic; loaded in ", duration_text(report.load_s), "; memory ",
                    bytes_text(report.peak_memory_bytes)));
    for (const MachineLimit& limit : report.limits)
        output.line(cat(
            "at most, with ", limit.threads, limit.threads == 1 ? " thread: " : " threads: ",
            limit.bytes_per_second ? cat(fixed(*limit.bytes_per_second / 1e9, 1), " GB/s read, ")
                                   : "",
            fixed(limit.products_per_second / 1e9, 0), " billion products of bytes/s"));
    if (!report.energy_source.empty())
        output.line(cat("energy by ", printable(report.energy_source)));
    output.line();
    print_rows(output, report);
    if (report.sustained) print_sustained(output, *report.sustained);
}

}  // namespace linnet
