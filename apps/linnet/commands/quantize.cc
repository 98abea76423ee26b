// linnet quantize: a model in other number formats.
#include "base/text.h"
#include "compress/quantize_file.h"
#include "compress/quantizer.h"
#include "linnet/gguf_input.h"
#include "linnet/quantize_folder.h"
#include "linnet/quantize_page.h"
#include "linnet/quantize_target.h"
#include "trust/hash.h"

namespace linnet {
namespace {

constexpr uint64_t recipe_bytes_max = 16 << 20;

std::vector<std::string> type_names() {
    std::vector<std::string> out;
    for (const Mixture& mixture : mixtures()) out.emplace_back(mixture.name);
    return out;
}

class QuantizeCommand final : public Command {
  public:
    void declare(Syntax& syntax) override {
        syntax.positional("IN", &in_, "a GGUF file, a Hugging Face folder or a name of the store")
            .required()
            .completes(Complete::Model);
        syntax
            .positional("OUT", &out_,
                        "the GGUF file, or the folder, to write; not needed with --dry-run")
            .completes(Complete::File);
        syntax.option("--type", &type_, "TYPE",
                      cat("what most tensors become: ", join(type_names(), ", "),
                          "; Q4_K_M with --recipe and --pure"));
        syntax
            .option("--imatrix", &imatrix_, "FILE",
                    "how much each column matters, from linnet imatrix or llama-imatrix")
            .completes(Complete::File);
        syntax.option("--tensor-type", &tensor_types_, "REGEX=TYPE",
                      "the type of tensors with such names; the first that fits counts");
        syntax.option("--recipe", &recipe_, "FILE", "a file of such lines")
            .completes(Complete::File);
        syntax
            .option("--write-recipe", &write_recipe_, "FILE",
                    "write what each tensor becomes, as a recipe")
            .completes(Complete::File);
        target_.declare(syntax);
        folder_.declare(syntax);
        syntax.flag("--pure", pure_, "the same type for all tensors whose rows it fits");
        syntax.flag("--dry-run", dry_run_, "only tell what would be written");
        syntax.setting("-t,--threads", "run.threads", "N");
        syntax.about(
            "Makes a model smaller by storing its weights in fewer bits. A name such as Q4_K_M is "
            "a "
            "mixture: most tensors in one type, those that harm more in a finer one, and others "
            "where rows are too short for blocks of 256. The bytes are those that llama-quantize "
            "makes, and recipes are the files of its --tensor-type-file. An importance matrix "
            "(--imatrix) keeps the columns that matter most closest. Start from 16-bit weights: "
            "what was quantized before loses twice.");
        syntax.about(
            "With --target-size the type of each tensor is chosen: what each type costs it is "
            "measured on a text (--calibration; else the model writes one), and all together get "
            "what harms least in that size. --max-kld finds the size for a divergence instead, "
            "--min-tps for a speed; with no goal and no type, it is 5 bits a weight. --tensor-type "
            "and --recipe pin tensors. Such runs take minutes; --resume goes on with one that "
            "broke off.");
        syntax.about(
            "With --format compressed-tensors OUT is a folder, whose matrices a scheme quantizes: "
            "W4A16 has weights of 4 bits and multiplies in 16, W8A8 and FP8 round both to 8. "
            "linnet runs such folders, too.");
        syntax.example("linnet quantize model-f16.gguf small.gguf", "the best of 5 bits a weight");
        syntax.example("linnet quantize model-f16.gguf model-q4.gguf --type Q4_K_M",
                       "what llama-quantize makes, in seconds");
        syntax.example("linnet quantize f16.gguf small.gguf --target-size 90MB --calibration a.txt",
                       "the best of 90 MB");
        syntax.example(
            "linnet quantize f16.gguf folder --format compressed-tensors --scheme W4A16 --gptq "
            "--calibration a.txt",
            "for vLLM");
        syntax.example("linnet quantize f16.gguf small.gguf --type Q4_0 --imatrix imatrix.gguf",
                       "keeping what matters most");
    }

    Result<> run(Context& context) override {
        TRY(target_.text().check());
        TRY(folder_.check());
        if (folder_.asked()) return make_folder(context);
        QuantizeOptions options = TRY(read_options(context));
        Path in = TRY(find_model(context, in_)), out = expand_home(out_, context.paths.home);
        TRY(check_output(in, out));
        auto done = make(context, options, out);
        if (!done) return target_.ended(std::move(done).error(), out);
        return done;
    }

  private:
    Result<> make_folder(Context& context) {
        if (target_.asks_more() || !imatrix_.empty() || !tensor_types_.empty() ||
            !recipe_.empty() || !write_recipe_.empty() || pure_ || !type_.empty())
            return Error{Code::Usage,
                         "folders have a scheme for all matrices: no types, recipes, sizes, "
                         "importance matrices, judgements or resumed runs",
                         "leave these out, or write a GGUF file"};
        const Path out = expand_home(out_, context.paths.home);
        const Path in = TRY(find_model(context, in_));
        TRY(check_output(in, out));
        return folder_.run(context, in_, out, target_.text(), target_.gptq(), dry_run_);
    }

    Result<QuantizeOptions> read_options(const Context& context) {
        if (type_.empty() && recipe_.empty() && !pure_ && !target_.asked())
            target_.take_usual_goal();
        if (type_.empty()) type_ = "Q4_K_M";
        TRY(target_.check(dry_run_));
        QuantizeOptions options{.mixture = mixture_named(type_), .pure = pure_};
        if (!options.mixture)
            return Error{Code::Usage, cat("--type ", printable(type_, 100), " is no type"),
                         cat("one of ", join(type_names(), ", "))};
        for (const std::string& text : tensor_types_)
            options.rules.push_back(TRY(RecipeRule::parse(text)));
        if (!recipe_.empty()) {
            std::string text =
                TRY(read_file(expand_home(recipe_, context.paths.home), recipe_bytes_max));
            auto rules = parse_recipe(text);
            if (!rules) return std::move(rules).error().within(printable(recipe_));
            options.rules.insert(options.rules.end(), rules->begin(), rules->end());
        }
        return options;
    }

    Result<> make(Context& context, QuantizeOptions& options, const Path& out) {
        Checkpoint checkpoint = TRY(open_as_gguf(context, in_, dry_run_ ? Path() : folder_of(out)));
        if (target_.needs_text() && !dry_run_) {
            Json others = TRY(settings(context));
            TRY(target_.begin(context, checkpoint, out, std::move(others)));
        }
        std::optional<Importance> importance = TRY(find_importance(context, checkpoint));
        if (importance) options.importance = &*importance;
        options.importance_name = imatrix_.empty() ? target_.calibration() : imatrix_;
        auto plan = plan_quantization(checkpoint, options);
        if (!plan) return std::move(plan).error().within(printable(in_));
        std::optional<double> divergence;
        if (target_.asked()) divergence = TRY(target_.choose(context, *plan, options.rules, out));
        warn_of_double_rounding(context, *plan);
        if (!dry_run_) TRY(target_.write(context, *plan, divergence, out));
        if (!write_recipe_.empty())
            TRY(write_file_atomic(expand_home(write_recipe_, context.paths.home), recipe(*plan)));
        if (!target_.judge().report().empty()) TRY(write_report(context, *plan, out, divergence));
        return write(context, *plan, out, divergence);
    }

    Result<> write_report(Context& context, const QuantizePlan& plan, const Path& out,
                          std::optional<double> divergence) {
        std::vector<SizeAndDivergence> frontier;
        constexpr size_t steps = 24;
        if (!target_.costs().empty()) frontier = TRY(foretell(plan, target_.costs(), steps));
        const Digest after = TRY(sha256_of_file(out, context.cancel, [](uint64_t) {}));
        const QuantizePage page{.model = in_,
                                .recipe = recipe(plan),
                                .digest_before = target_.model_digest(plan.checkpoint),
                                .digest_after = after.text(),
                                .bytes_before = plan.checkpoint.file_bytes(),
                                .bytes = TRY(plan.file_bytes()),
                                .foretold = divergence,
                                .judged = target_.judge().judged(),
                                .frontier = frontier,
                                .costs = target_.costs()};
        return write_file_atomic(expand_home(target_.judge().report(), context.paths.home),
                                 quantize_page(page, plan));
    }

    // What the bytes depend on besides the model and the text.
    Result<Json> settings(Context& context) const {
        Json types = Json::array();
        for (const std::string& each : tensor_types_) types.push(each);
        Json out = Json::object({{"type", type_}, {"pure", pure_}, {"types", std::move(types)}});
        for (auto [name, file] : {std::pair("recipe", &recipe_), std::pair("imatrix", &imatrix_)}) {
            if (file->empty()) continue;
            Digest digest = TRY(sha256_of_file(expand_home(*file, context.paths.home),
                                               context.cancel, [](uint64_t) {}));
            out.set(name, digest.text());
        }
        return out;
    }

    Result<std::optional<Importance>> find_importance(Context& context,
                                                      const Checkpoint& checkpoint) {
        if (!imatrix_.empty())
            return std::optional(TRY(Importance::read(expand_home(imatrix_, context.paths.home))));
        if (target_.needs_text())
            return std::optional(TRY(target_.measure_importance(context, checkpoint)));
        return std::optional<Importance>();
    }

    Result<> check_output(const Path& in, const Path& out) const {
        if (dry_run_) return Done{};
        if (out_.empty())
            return Error{Code::Usage, "there is no file to write to",
                         "name one behind the model, or use --dry-run"};
        std::error_code ignored;
        if (std::filesystem::equivalent(in, out, ignored))
            return Error{Code::Usage, cat(out, " is the model itself"), "name another file"};
        return Done{};
    }

    static void warn_of_double_rounding(Context& context, const QuantizePlan& plan) {
        const size_t count = plan.quantized_before();
        if (count > 0)
            context.output.warn(cat(count,
                                    " of the tensors are quantized already, and lose again; "
                                    "16-bit weights would give a better model"));
    }

    static std::string recipe(const QuantizePlan& plan) {
        std::string out;
        for (const PlannedTensor& tensor : plan.tensors)
            if (is_quantizable(*tensor.source) && quantizer_of(*tensor.dtype))
                out += recipe_line(tensor.source->name, *tensor.dtype);
        return out;
    }

    Result<> write(Context& context, const QuantizePlan& plan, const Path& out,
                   std::optional<double> divergence) const {
        const uint64_t bytes = TRY(plan.file_bytes()), before = plan.checkpoint.file_bytes();
        size_t fell_back = 0, weighted = 0, matrices = 0;
        Table table{.header = {"tensor", "shape", "from", "to", "bytes"},
                    .rows = {},
                    .right = {false, false, false, false, true}};
        Json tensors = Json::array();
        for (const PlannedTensor& tensor : plan.tensors) {
            fell_back += tensor.fell_back();
            if (tensor.changes()) {
                matrices++;
                weighted += tensor.importance != nullptr;
            }
            const DType &from = *tensor.source->dtype, &to = *tensor.dtype;
            std::string name = printable(tensor.source->name);
            table.rows.push_back(
                {name, shape_text(tensor.source->shape), std::string(from.name),
                 cat(to.name, tensor.fell_back() ? cat(" (for ", tensor.wanted->name, ")") : ""),
                 cat(tensor.bytes())});
            tensors.as_array()->push_back(Json::object({{"name", tensor.source->name},
                                                        {"from", from.name},
                                                        {"to", to.name},
                                                        {"wanted", tensor.wanted->name},
                                                        {"weighted", tensor.importance != nullptr},
                                                        {"bytes", tensor.bytes()}}));
        }
        if (dry_run_) context.output.table(table);
        const double bits = plan.bits_per_weight();
        context.output.line(cat(dry_run_ ? "would take " : "", bytes_text(bytes), " (",
                                bytes_text(before), " before), ", fixed(bits, 3),
                                " bits a weight"));
        if (fell_back > 0)
            context.output.note(cat(fell_back,
                                    " tensors have rows too short for the blocks of "
                                    "their type, and got the one that takes its place"));
        if (!imatrix_.empty())
            context.output.note(
                cat(weighted, " of ", matrices, " tensors are weighted by the importance matrix"));
        if (divergence)
            context.output.line(
                cat("foretold divergence: ", fixed(*divergence, 4), " nats a token"));
        for (const JudgedText& each : target_.judge().judged())
            context.output.line(judged_line(each));
        context.output.document(
            Json::object({{"model", in_},
                          {"path", dry_run_ ? "" : out.string()},
                          {"type", target_.asked() ? "" : mixture_named(type_)->name},
                          {"divergence", divergence ? Json(*divergence) : Json()},
                          {"judged", target_.judge().document()},
                          {"dry_run", dry_run_},
                          {"bytes", bytes},
                          {"bytes_before", before},
                          {"bits_per_weight", bits},
                          {"quantized_before", plan.quantized_before()},
                          {"tensors", std::move(tensors)}}));
        return Done{};
    }

    static std::string judged_line(const JudgedText& judged) {
        const Divergence& d = judged.divergence;
        return cat("measured on ",
                   judged.text.empty() ? std::string("what was held back of the calibration")
                                       : printable(judged.text),
                   ": divergence ", fixed(d.mean, 4), " (95 %: ", fixed(d.low(), 4), " to ",
                   fixed(d.high(), 4), "), perplexity ", fixed(d.perplexity, 3), " (",
                   fixed(d.reference_perplexity, 3), " before)");
    }

    QuantizeTarget target_;
    QuantizeFolder folder_;
    std::string in_, out_, type_, imatrix_, recipe_, write_recipe_;
    std::vector<std::string> tensor_types_;
    bool pure_ = false, dry_run_ = false;
};

}  // namespace

std::unique_ptr<Command> quantize_command() {
    return std::make_unique<QuantizeCommand>();
}

}  // namespace linnet
