#include "linnet/bench/page.h"

#include <algorithm>

#include "base/text.h"
#include "linnet/html_page.h"

namespace linnet {
namespace {

std::string place(double value) {
    return fixed(value, 1);
}

std::string config_text(const BenchConfig& config) {
    std::string out = cat(config.threads, config.threads == 1 ? " thread" : " threads");
    if (config.concurrency > 1) out += cat(", ", config.concurrency, " at once");
    if (config.depth > 0) out += cat(", depth ", config.depth);
    return cat(out, ", ", config.prompt, " + ", config.generate);
}

struct Bar {
    std::string name;
    Repeated tps;
};

// A bar for each row, with its spread as a whisker.
std::string bars(std::string_view title, const std::vector<Bar>& rows) {
    if (rows.empty()) return "";
    constexpr double width = 860, left = 260, right = 90, step = 26, top = 8;
    double most = 0;
    for (const Bar& row : rows) most = std::max(most, row.tps.mean + row.tps.spread);
    double scale = most > 0 ? (width - left - right) / most : 0;
    double height = top + step * static_cast<double>(rows.size()) + 4;
    std::string out = cat("<h2>", title, "</h2>\n<svg viewBox=\"0 0 ", width, " ", height,
                          "\" role=\"img\" aria-label=\"", title, "\">\n");
    double y = top;
    for (const Bar& row : rows) {
        double end = left + row.tps.mean * scale, half = row.tps.spread * scale;
        out += cat("<text x=\"", left - 8, "\" y=\"", place(y + 14), "\" text-anchor=\"end\">",
                   row.name, "</text><rect class=\"bar\" x=\"", left, "\" y=\"", place(y),
                   "\" width=\"", place(end - left), "\" height=\"18\"/>");
        out += cat("<path class=\"whisker\" d=\"M", place(std::max(end - half, left)), " ",
                   place(y + 9), "H", place(end + half), "\"/>");
        out += cat("<text x=\"", place(end + half + 6), "\" y=\"", place(y + 14), "\">",
                   fixed(row.tps.mean, 1), "</text>\n");
        y += step;
    }
    return out + "</svg>\n";
}

struct Curve {
    std::string_view what;   // "decode, tokens a second"
    std::string_view style;  // of the stylesheet
    std::vector<std::pair<double, double>> points;
};

// A curve over time, from zero to its own largest value.
std::string curve(const Curve& curve, double seconds) {
    if (curve.points.size() < 2 || seconds <= 0) return "";
    constexpr double width = 860, height = 180, left = 60, bottom = 24, top = 8;
    double most = 0;
    for (auto [at_s, value] : curve.points) most = std::max(most, value);
    if (most <= 0) return "";
    auto x = [&](double at_s) { return left + at_s / seconds * (width - left - 10); };
    auto y = [&](double value) { return height - bottom - value / most * (height - bottom - top); };
    std::string path;
    for (auto [at_s, value] : curve.points)
        path += cat(path.empty() ? "M" : "L", place(x(at_s)), " ", place(y(value)));
    return cat("<h3>", curve.what, "</h3>\n<svg viewBox=\"0 0 ", width, " ", height,
               "\" role=\"img\" aria-label=\"", curve.what,
               " over time\"><path class=\"axis\" d=\"M", left, " ", top, "V", height - bottom, "H",
               width - 10, "\"/><text x=\"", left - 6, "\" y=\"", top + 10,
               "\" text-anchor=\"end\">", fixed(most, 1), "</text><text x=\"", width - 10,
               "\" y=\"", height - 6, "\" text-anchor=\"end\">", duration_text(seconds),
               "</text><path class=\"", curve.style, "\" d=\"", path, "\"/></svg>\n");
}

std::string sustained_part(const Sustained& sustained) {
    Curve prefill{"Prefill, tokens a second", "line", {}},
        decode{"Decode, tokens a second", "line", {}}, heat{"Temperature, °C", "heat", {}};
    for (const SustainedPoint& point : sustained.points) {
        if (point.prefill_tps) prefill.points.emplace_back(point.at_s, *point.prefill_tps);
        if (point.decode_tps) decode.points.emplace_back(point.at_s, *point.decode_tps);
        if (point.celsius) heat.points.emplace_back(point.at_s, *point.celsius);
    }
    std::string out = "<h2>Over time</h2>\n";
    if (auto kept = sustained.kept())
        out += cat("<p>The last quarter ran at ", fixed(*kept * 100, 0),
                   " % of the speed of the first.</p>\n");
    for (const Curve& each : {prefill, decode, heat}) out += curve(each, sustained.seconds);
    return out;
}

std::string table_part(const std::vector<BenchRow>& rows) {
    std::string out =
        "<table><tr><th>threads</th><th>at once</th><th>depth</th><th>prompt</th><th>generate</th>"
        "<th>prefill t/s</th><th>decode t/s</th><th>first token ms</th><th>bandwidth</th>"
        "<th>integers</th><th>J/token</th></tr>\n";
    auto speed = [](const std::optional<Repeated>& tps) {
        return tps ? cat(fixed(tps->mean, 1), " ± ", fixed(tps->spread, 1)) : std::string("–");
    };
    auto share = [](const std::optional<double>& part) {
        return part ? cat(fixed(*part * 100, 0), " %") : std::string("–");
    };
    for (const BenchRow& row : rows) {
        const BenchConfig& c = row.config;
        out += "<tr>";
        for (uint64_t count : {uint64_t{c.threads}, uint64_t{c.concurrency}, uint64_t{c.depth},
                               uint64_t{c.prompt}, uint64_t{c.generate}})
            out += cat("<td>", count, "</td>");
        for (const std::string& cell :
             {speed(row.prefill_tps), speed(row.decode_tps),
              fixed(row.first_token_s.mean * 1000, 1), share(row.bandwidth_share),
              share(row.integer_share),
              row.decode_joules ? fixed(*row.decode_joules, 3) : std::string("–")})
            out += cat("<td>", cell, "</td>");
        out += "</tr>\n";
    }
    return out + "</table>\n";
}

}  // namespace

std::string bench_page(const BenchReport& report) {
    std::string title = escaped(report.summary.name.empty() ? report.model : report.summary.name);
    std::vector<BenchRow> rows = report.rows();
    std::vector<Bar> prefill, decode;
    for (const BenchRow& row : rows) {
        if (row.prefill_tps) prefill.push_back({config_text(row.config), *row.prefill_tps});
        if (row.decode_tps) decode.push_back({config_text(row.config), *row.decode_tps});
    }
    std::string out =
        cat(page_begin(cat("linnet bench: ", title)), "<h1>", title, "</h1>\n<p>",
            escaped(report.summary.architecture), ", ", bytes_text(report.summary.weight_bytes),
            ", ", escaped(report.types_text()), ". ", escaped(report.machine_text()), ", ",
            escaped(report.isa), " kernels, ", report.math, " arithmetic. Loaded in ",
            duration_text(report.load_s), "; memory ", bytes_text(report.peak_memory_bytes), ".",
            report.interrupted ? " Interrupted: not all was measured." : "", "</p>\n");
    out += bars("Prefill, tokens a second", prefill);
    out += bars("Decode, tokens a second", decode);
    out += table_part(rows);
    if (report.sustained) out += sustained_part(*report.sustained);
    return out + std::string(page_end);
}

}  // namespace linnet
