#include "linnet/quantize_page.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "linnet/html_page.h"

namespace linnet {
namespace {

std::string megabytes(double bytes) {
    return fixed(bytes / 1e6, 1);
}

std::string judged_table(std::span<const JudgedText> judged) {
    if (judged.empty()) return "";
    std::string out =
        "<h2>What was lost</h2>\n<table><tr><th>text</th><th>tokens</th><th>divergence</th>"
        "<th>95 % interval</th><th>same likeliest token</th><th>perplexity</th>"
        "<th>before</th></tr>\n";
    for (const JudgedText& each : judged) {
        const Divergence& d = each.divergence;
        out += cat(
            "<tr><td>",
            each.text.empty() ? std::string("held back of the calibration") : escaped(each.text),
            "</td><td>", d.tokens, "</td><td>", fixed(d.mean, 4), "</td><td>", fixed(d.low(), 4),
            " – ", fixed(d.high(), 4), "</td><td>", fixed(100 * d.same_top, 1), " %</td><td>",
            fixed(d.perplexity, 3), "</td><td>", fixed(d.reference_perplexity, 3), "</td></tr>\n");
    }
    return out +
           "</table>\n<p>Divergence is in nats a token, from the predictions of the model as "
           "it was.</p>\n";
}

// Size against divergence, on a logarithmic scale: a line for what is foretold of other sizes, a
// dot for this file.
class Frontier {
  public:
    explicit Frontier(const QuantizePage& page) : page_(page) {
        for (const SizeAndDivergence& point : page.frontier) see(point.bytes, point.divergence);
        if (page.foretold) see(page.bytes, *page.foretold);
        for (const JudgedText& each : page.judged) see(page.bytes, each.divergence.mean);
    }

    std::string draw() const {
        if (page_.frontier.empty() || !(high_ > low_)) return "";
        std::string out = cat("<h2>Other sizes</h2>\n<svg viewBox=\"0 0 ", width, " ", height,
                              "\" role=\"img\" aria-label=\"size and divergence\">\n");
        for (int power = static_cast<int>(std::ceil(low_)); power <= high_; power++)
            out += cat("<path class=\"axis\" opacity=\"0.2\" d=\"M", left, " ",
                       y_of(std::pow(10, power)), "H", width - right, "\"/><text x=\"4\" y=\"",
                       y_of(std::pow(10, power)), "\">", number(std::pow(10, power)), "</text>\n");
        for (double share : {0.0, 0.25, 0.5, 0.75, 1.0}) {
            const double bytes = least_ + share * (most_ - least_);
            out += cat("<text x=\"", x_of(bytes), "\" y=\"", height - 6,
                       "\" text-anchor=\"middle\">", megabytes(bytes), " MB</text>\n");
        }
        std::string line;
        for (const SizeAndDivergence& point : page_.frontier)
            if (point.divergence > 0)
                line += cat(line.empty() ? "M" : "L", x_of(static_cast<double>(point.bytes)), " ",
                            y_of(point.divergence));
        out += cat("<path class=\"line\" d=\"", line, "\"/>\n");
        if (page_.foretold) out += dot(*page_.foretold, "foretold");
        for (const JudgedText& each : page_.judged)
            out += dot(each.divergence.mean,
                       each.text.empty() ? std::string("held back") : escaped(each.text));
        return out +
               "</svg>\n<p>The line is what is foretold of the best choice of types for each "
               "size; the dots are this file.</p>\n";
    }

  private:
    static constexpr double width = 860, height = 320, left = 70, right = 40, top = 16, bottom = 34;

    void see(uint64_t bytes, double divergence) {
        const auto size = static_cast<double>(bytes);
        least_ = std::min(least_, size), most_ = std::max(most_, size);
        if (!(divergence > 0)) return;
        low_ = std::min(low_, std::log10(divergence));
        high_ = std::max(high_, std::log10(divergence));
    }
    std::string x_of(double bytes) const {
        return fixed(left + (width - left - right) * (bytes - least_) / (most_ - least_), 1);
    }
    std::string y_of(double divergence) const {
        const double share = (high_ - std::log10(divergence)) / (high_ - low_);
        return fixed(top + (height - top - bottom) * share, 1);
    }
    static std::string number(double value) { return fixed(value, value < 0.001 ? 5 : 3); }
    std::string dot(double divergence, std::string_view name) const {
        if (!(divergence > 0)) return "";
        const std::string x = x_of(static_cast<double>(page_.bytes)), y = y_of(divergence);
        return cat("<circle class=\"dot\" cx=\"", x, "\" cy=\"", y, "\" r=\"4\"><title>", name,
                   ": ", fixed(divergence, 4), "</title></circle>\n");
    }

    const QuantizePage& page_;
    double least_ = 1e300, most_ = 0, low_ = 1e300, high_ = -1e300;
};

std::string escaped_lines(std::string_view text) {
    std::string out;
    for (std::string_view line : split(text, '\n')) out += escaped(line) + "\n";
    return out;
}

std::string tensor_table(const QuantizePage& page, const QuantizePlan& plan) {
    std::string out =
        "<h2>Tensors</h2>\n<table><tr><th>tensor</th><th>shape</th><th>from</th><th>to</th>"
        "<th>bits</th><th>bytes</th><th>divergence foretold</th></tr>\n";
    for (size_t i = 0; i < plan.tensors.size(); i++) {
        const PlannedTensor& tensor = plan.tensors[i];
        auto costs = std::ranges::find(page.costs, i, &TensorCosts::place);
        std::string cost = "–";
        if (costs != page.costs.end()) {
            auto own = std::ranges::find(costs->candidates, tensor.dtype, &FormatCost::dtype);
            if (own != costs->candidates.end()) cost = fixed(own->divergence, 6);
        }
        const double bits = 8 * static_cast<double>(tensor.bytes()) /
                            static_cast<double>(std::max<uint64_t>(tensor.source->values, 1));
        out += cat("<tr><td>", escaped(tensor.source->name), "</td><td>",
                   shape_text(tensor.source->shape), "</td><td>", tensor.source->dtype->name,
                   "</td><td>", tensor.dtype->name, "</td><td>", fixed(bits, 3), "</td><td>",
                   tensor.bytes(), "</td><td>", cost, "</td></tr>\n");
    }
    return out + "</table>\n";
}

}  // namespace

std::string quantize_page(const QuantizePage& page, const QuantizePlan& plan) {
    const std::string title = escaped(page.model);
    std::string out =
        cat(page_begin(cat("linnet quantize: ", title)), "<h1>", title, "</h1>\n<p>",
            megabytes(static_cast<double>(page.bytes)), " MB, ",
            megabytes(static_cast<double>(page.bytes_before)), " MB before; ",
            fixed(plan.bits_per_weight(), 3), " bits a weight",
            page.foretold ? cat("; foretold divergence ", fixed(*page.foretold, 4)) : std::string(),
            ".</p>\n");
    out += judged_table(page.judged);
    out += Frontier(page).draw();
    out += tensor_table(page, plan);
    out += cat("<h2>Recipe</h2>\n<pre>", escaped_lines(page.recipe), "</pre>\n<h2>Files</h2>\n<p>",
               "Before: ", page.digest_before, "<br>After: ", page.digest_after, "</p>\n");
    return out + std::string(page_end);
}

}  // namespace linnet
