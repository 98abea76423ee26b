#include "base/memory.h"
#include "base/text.h"
#include "linnet/adapter_report.h"
#include "linnet/command.h"
#include "linnet/models.h"
#include "linnet/parameters.h"
#include "model/summary.h"

namespace linnet {
namespace {

std::string count_text(uint64_t count) {
    if (count >= 1'000'000'000) return cat(fixed(double(count) / 1e9, 2), " billion");
    if (count >= 1'000'000) return cat(fixed(double(count) / 1e6, 1), " million");
    return cat(count);
}

std::string bits_text(double bits) {
    return cat(fixed(bits, 2), " bits");
}

class Show final : public Command {
  public:
    void declare(Syntax& syntax) override {
        syntax.positional("MODEL", &model_, "a file, a folder, or the name of a stored model")
            .required()
            .completes(Complete::Model);
        syntax
            .option("--context", &context_, "TOKENS",
                    "how long a conversation the memory is told for (else the model's longest)")
            .between(1, 1e9);
        syntax.flag("--tensors", tensors_, "list every tensor");
        syntax.flag("--template", template_, "print the chat template, and nothing else");
        syntax.about(
            "Tells what a model is and what running it will take, from its metadata alone: GGUF "
            "files (split ones too), safetensors files and Hugging Face folders. Of a LoRA adapter "
            "it "
            "tells which model it is for, and what it changes.");
        syntax.example("linnet show smollm2-135m", "a stored model");
        syntax.example("linnet show ./model.gguf --context 4096", "the memory of 4096 tokens");
    }

    Result<> run(Context& context) override {
        Checkpoint checkpoint = TRY(open_model(context, model_));
        if (AdapterFile::is_one(checkpoint)) return show_adapter(context, checkpoint);
        ModelSummary summary = TRY(summarize(checkpoint));
        if (template_) return print_template(context.output, summary);
        uint64_t tokens = context_.value_or(summary.context.value_or(4096));
        auto need = memory_needed(summary, tokens);
        auto available = available_memory();
        print_facts(context.output, summary, advice_text(checkpoint));
        print_types(context.output, summary);
        print_memory(context.output, summary, need, available);
        if (tensors_) print_tensors(context.output, checkpoint);
        context.output.document(document(checkpoint, summary, need, available));
        return Done{};
    }

  private:
    Result<> show_adapter(Context& context, const Checkpoint& checkpoint) const {
        auto adapter = AdapterFile::read(checkpoint);
        if (!adapter) return std::move(adapter).error().within(printable(model_));
        print_adapter(context.output, *adapter, tensors_);
        context.output.document(adapter_document(*adapter, tensors_));
        return Done{};
    }

    Result<> print_template(Output& output, const ModelSummary& summary) const {
        if (!summary.template_bytes)
            return Error{Code::NotFound, cat(printable(model_), " has no chat template")};
        if (*summary.template_bytes > ModelSummary::template_bytes_max)
            return Error{Code::Unsupported, cat("the chat template of ", printable(model_), " is ",
                                                bytes_text(*summary.template_bytes), " long")};
        Json json = to_json(summary);
        output.document(std::move(json.set("template", summary.chat_template)));
        if (!output.stdout_is_terminal()) {  // as it is, for a file
            output.print(summary.chat_template);
            return Done{};
        }
        for (std::string_view line : split(summary.chat_template, '\n'))
            output.line(printable(line, line.size() + 1));
        return Done{};
    }

    // How the model's makers advise to sample; empty where they do not say.
    static std::string advice_text(const Checkpoint& checkpoint) {
        std::vector<std::string> parts;
        for (const auto& [row, value] : advised(checkpoint))
            parts.push_back(cat(row->name, " ", parameter_text(*row, value)));
        return parts.empty() ? "" : cat(join(parts, ", "), ", as its makers advise");
    }
    static std::vector<std::pair<const ParameterRow*, double>> advised(
        const Checkpoint& checkpoint) {
        Parameters parameters;
        parameters.advise(checkpoint);
        std::vector<std::pair<const ParameterRow*, double>> out;
        for (const ParameterRow& row : parameter_table()) {
            auto [value, origin] = parameters.of(row);
            if (origin == ParameterOrigin::Model) out.emplace_back(&row, value);
        }
        return out;
    }

    static void print_facts(Output& output, const ModelSummary& summary,
                            const std::string& sampling) {
        Table table;
        auto row = [&](std::string_view what, std::string value) {
            if (!value.empty())
                table.rows.push_back({output.paint(Style::Bold, what), std::move(value)});
        };
        row("Name", summary.name);
        row("Architecture", architecture_text(summary));
        row("Parameters", count_text(summary.parameters));
        row("File", file_text(summary));
        row("Weights",
            cat(bytes_text(summary.weight_bytes), " in ", summary.tensors, " tensors",
                summary.parameters ? ", " + bits_text(summary.bits_per_weight()) + " each" : ""));
        if (summary.context) row("Context", cat(*summary.context, " tokens"));
        row("Tokenizer", tokenizer_text(summary.tokenizer));
        row("Sampling", sampling);
        row("Licence", summary.license);
        row("Template", summary.template_bytes
                            ? cat(bytes_text(*summary.template_bytes), " (--template prints it)")
                            : "none");
        output.table(table);
    }

    static std::string architecture_text(const ModelSummary& summary) {
        std::string out = summary.architecture;
        auto part = [&](const std::optional<uint64_t>& value, std::string_view text) {
            if (value && *value > 0) out += cat(out.empty() ? "" : ", ", *value, " ", text);
        };
        part(summary.layers, "layers");
        part(summary.embedding, "wide");
        part(summary.heads, "heads");
        if (summary.heads && summary.kv_heads != summary.heads)
            part(summary.kv_heads, "key-value heads");
        part(summary.experts, "experts");
        return out;
    }

    static std::string file_text(const ModelSummary& summary) {
        std::string format(format_name(summary.format));
        if (summary.version > 0) format += cat(" version ", summary.version);
        return cat(bytes_text(summary.file_bytes), ", ", format,
                   summary.files > 1 ? cat(", in ", summary.files, " files") : "");
    }

    static std::string tokenizer_text(const TokenizerSummary& tokenizer) {
        std::string out = tokenizer.kind;
        if (!tokenizer.pre.empty()) out += cat(" (", tokenizer.pre, ")");
        if (tokenizer.vocabulary)
            out += cat(out.empty() ? "" : ", ", *tokenizer.vocabulary, " tokens");
        return out;
    }

    static void print_types(Output& output, const ModelSummary& summary) {
        output.line();
        Table table;
        table.header = {"TYPE", "TENSORS", "WEIGHTS", "SIZE", "BITS"};
        table.right = {false, true, true, true, true};
        for (const TypeShare& share : summary.types)
            table.rows.push_back({std::string(share.type), cat(share.tensors),
                                  count_text(share.values), bytes_text(share.bytes),
                                  share.values ? fixed(share.bits_per_weight(), 2) : "-"});
        output.table(table);
    }

    static void print_memory(Output& output, const ModelSummary& summary,
                             const std::optional<MemoryNeed>& need,
                             std::optional<uint64_t> available) {
        output.line();
        if (!need) {
            output.line("The file does not say enough to tell how much memory it needs.");
            return;
        }
        output.line(cat("Memory for a context of ", need->context,
                        " tokens: ", output.paint(Style::Bold, bytes_text(need->total))));
        Table table;
        table.right = {false, true};
        table.rows = {{"  weights", bytes_text(need->weights)},
                      {"  keys and values, float16", bytes_text(need->kv_cache)}};
        if (need->state > 0) table.rows.push_back({"  recurrent state", bytes_text(need->state)});
        table.rows.push_back({"  working memory, about", bytes_text(need->working)});
        output.table(table);
        if (!available) return;
        std::string there = cat(bytes_text(*available), " are available here");
        if (need->total <= *available) {
            output.line(cat(output.paint(Style::Green, "Fits"), ": ", there, "."));
            return;
        }
        uint64_t tokens = context_that_fits(summary, *available);
        output.line(cat(output.paint(Style::Red, "Does not fit"), ": ", there,
                        tokens > 0 ? cat(", enough for a context of ", tokens, " tokens.")
                                   : "; what has no room is read from the file in each step."));
    }

    static void print_tensors(Output& output, const Checkpoint& checkpoint) {
        output.line();
        Table table;
        table.header = {"TENSOR", "TYPE", "SHAPE", "SIZE"};
        table.right = {false, false, true, true};
        for (const Tensor& tensor : checkpoint.tensors())
            table.rows.push_back({printable(tensor.name, 200), std::string(tensor.dtype->name),
                                  shape_text(tensor.shape), bytes_text(tensor.data.size())});
        output.table(table);
    }

    Json document(const Checkpoint& checkpoint, const ModelSummary& summary,
                  const std::optional<MemoryNeed>& need, std::optional<uint64_t> available) const {
        Json out = to_json(summary);
        out.set("memory", need ? to_json(*need) : Json());
        out.set("available_bytes", available ? Json(*available) : Json());
        Json sampling = Json::object();
        for (const auto& [row, value] : advised(checkpoint)) sampling.set(row->name, value);
        out.set("sampling", std::move(sampling));
        bool known = need && available;
        out.set("fits", known ? Json(need->total <= *available) : Json());
        out.set("context_that_fits", known ? Json(context_that_fits(summary, *available)) : Json());
        if (tensors_) {
            Json list = Json::array();
            for (const Tensor& tensor : checkpoint.tensors()) {
                Json shape = Json::array();
                for (uint64_t dim : tensor.shape.dims()) shape.push(dim);
                list.push(Json::object({{"name", tensor.name},
                                        {"type", tensor.dtype->name},
                                        {"shape", std::move(shape)},
                                        {"bytes", tensor.data.size()}}));
            }
            out.set("tensor_list", std::move(list));
        }
        return out;
    }

    std::string model_;
    std::optional<uint64_t> context_;
    bool tensors_ = false;
    bool template_ = false;
};

}  // namespace

std::unique_ptr<Command> show_command() {
    return std::make_unique<Show>();
}

}  // namespace linnet
