#include "linnet/quantize_folder.h"

#include "base/text.h"
#include "compress/awq.h"
#include "compress/smoothquant.h"
#include "linnet/gguf_input.h"

namespace linnet {
namespace {

// Of the calibration, so many chunks are read for ranges and means.
constexpr size_t range_chunks = 32;

std::string scheme_names() {
    std::string out;
    for (const FolderScheme& each : folder_schemes())
        out += cat(out.empty() ? "" : ", ", each.name);
    return out;
}

// What most weights have, where it is a float; else float16.
const DType* stored_type(const Checkpoint& checkpoint) {
    const DType* most = nullptr;
    uint64_t values = 0;
    for (const Tensor& tensor : checkpoint.tensors())
        if (tensor.values > values) most = tensor.dtype, values = tensor.values;
    return most && most->block_values == 1 && most->encode ? most : dtype_named("f16");
}

}  // namespace

void QuantizeFolder::declare(Syntax& syntax) {
    syntax
        .option("--format", &format_, "FORMAT",
                "what OUT is: gguf, a file; compressed-tensors, a Hugging Face folder as vLLM and "
                "transformers load it")
        .one_of({"gguf", "compressed-tensors"});
    syntax.option("--scheme", &scheme_, "SCHEME",
                  cat("of a folder, what its matrices become: ", scheme_names(), "; W4A16"));
    syntax
        .option("--strategy", &strategy_, "PART",
                "of a folder, which weights share a scale, where the scheme leaves that open")
        .one_of({"tensor", "channel", "group"});
    syntax
        .option("--group-size", &group_, "N",
                "of a folder, columns that share a scale; 128, or less where rows are no multiple")
        .between(8, 4096);
    syntax.flag("--symmetric", symmetric_, "of a folder, no zero points");
    syntax.flag("--asymmetric", asymmetric_, "of a folder, a zero point beside each scale");
    syntax
        .option("--smooth", &smooth_, "STRENGTH",
                "of a folder, move ranges of what comes to matrices into these, as SmoothQuant "
                "does: 0.5")
        .between(0, 1);
    syntax.flag("--awq", awq_, "of a folder, make columns that matter larger before rounding");
    syntax.flag("--head", head_, "of a folder, quantize the head as well, if it has its own");
}

const FolderScheme* QuantizeFolder::named_scheme() const {
    return folder_scheme(scheme_.empty() ? "W4A16" : scheme_);
}

bool QuantizeFolder::needs_text(bool gptq) const {
    const FolderScheme* named = named_scheme();
    return gptq || smooth_ || awq_ || (named && named->is_static());
}

Result<> QuantizeFolder::check() const {
    if (!asked()) {
        if (!scheme_.empty() || !strategy_.empty() || group_ || smooth_ || symmetric_ ||
            asymmetric_ || awq_ || head_)
            return Error{Code::Usage,
                         "--scheme, --strategy, --group-size, --symmetric, --asymmetric, --smooth, "
                         "--awq and --head go with folders only",
                         "add --format compressed-tensors"};
        return Done{};
    }
    if (!named_scheme())
        return Error{Code::Usage, cat("--scheme ", printable(scheme_, 100), " is no scheme"),
                     cat("one of ", scheme_names())};
    if (symmetric_ && asymmetric_)
        return Error{Code::Usage, "--symmetric and --asymmetric exclude each other",
                     "leave one out"};
    return Done{};
}

Result<FolderScheme> QuantizeFolder::scheme(const Checkpoint& checkpoint) const {
    SchemeChanges changes{.shared = strategy_};
    if (group_) changes.group = static_cast<unsigned>(*group_);
    if (symmetric_ || asymmetric_) changes.symmetric = symmetric_;
    FolderScheme out = TRY(change_scheme(*named_scheme(), changes));
    if (!group_ && out.shared == FolderScheme::Shared::ByGroup && !out.has_fixed_group())
        out.group = usual_group(checkpoint);
    return out;
}

Result<> QuantizeFolder::run(Context& context, const std::string& in, const Path& out,
                             QuantizeText& text, bool gptq, bool dry_run) {
    std::error_code ignored;
    if (!dry_run && std::filesystem::exists(out, ignored))
        return Error{Code::Usage, cat(out, " is there already"), "name a folder that is not"};
    Checkpoint checkpoint = TRY(open_as_gguf(context, in, dry_run ? Path() : folder_of(out)));
    CompressFolderOptions options{
        .scheme = TRY(scheme(checkpoint)), .stored = stored_type(checkpoint), .head = head_};
    if (!dry_run) {
        TRY(plan_compressed_folder(checkpoint, options));  // what cannot be is told before the work
        if (text.given() || needs_text(gptq)) TRY(calibrate(context, checkpoint, text, options));
        if (gptq) TRY(feed_back(context, checkpoint, text, options));
    }
    CompressFolderPlan plan = TRY(plan_compressed_folder(checkpoint, std::move(options)));
    if (!dry_run) {
        ThreadPool pool(chosen_threads(context));
        TRY(write_compressed_folder(plan, out, pool, context.progress, context.cancel));
    }
    report(context, in, out, checkpoint, plan, dry_run);
    return Done{};
}

Result<> QuantizeFolder::calibrate(Context& context, const Checkpoint& checkpoint,
                                   QuantizeText& text, CompressFolderOptions& options) {
    const CalibrationParts* parts = TRY(text.parts(context, checkpoint));
    Scorer* reader = TRY(text.reader(context, checkpoint));
    const Checkpoint* read = TRY(text.read_as(context, checkpoint));
    ranges_ = TRY(measure_ranges(*reader, *read, parts->read, {.chunks_max = range_chunks},
                                 context.progress, context.cancel));
    options.ranges = &ranges_;
    options.folding = &folding_;
    if (smooth_) folding_ = smooth(checkpoint, ranges_, *smooth_);
    ThreadPool pool(chosen_threads(context));
    if (awq_)
        TRY(fold_salient_columns(checkpoint, ranges_, options.scheme, *options.stored, folding_,
                                 pool, context.progress, context.cancel));
    return Done{};
}

Result<> QuantizeFolder::feed_back(Context& context, const Checkpoint& checkpoint,
                                   QuantizeText& text, CompressFolderOptions& options) {
    const CalibrationParts* parts = TRY(text.parts(context, checkpoint));
    Scorer* reader = TRY(text.reader(context, checkpoint));
    const Checkpoint* read = TRY(text.read_as(context, checkpoint));
    read_plan_ = TRY(plan_quantization(checkpoint, {.mixture = mixture_named("Q8_0")}));
    feedback_.emplace(*read_plan_, *read, *reader, parts->read, TextSquares::Options{},
                      context.progress, context.cancel);
    options.feedback = [this](const Tensor& tensor) -> Result<std::shared_ptr<const Feedback>> {
        for (const PlannedTensor& planned : read_plan_->tensors)
            if (planned.source->name == tensor.name) return feedback_->feedback_for(planned);
        return std::shared_ptr<const Feedback>();
    };
    return Done{};
}

void QuantizeFolder::report(Context& context, const std::string& in, const Path& out,
                            const Checkpoint& checkpoint, const CompressFolderPlan& plan,
                            bool dry_run) const {
    const FolderScheme& scheme = plan.options.scheme;
    Table table{.header = {"tensor", "shape", "from", "to", "bytes"},
                .rows = {},
                .right = {false, false, false, false, true}};
    Json tensors = Json::array();
    size_t before = 0;
    for (const ExportedTensor& tensor : plan.folder.tensors) {
        const bool quantized = plan.is_quantized(tensor);
        const std::string to = quantized ? scheme.text() : std::string(tensor.plan.dtype->name);
        const uint64_t bytes = plan.bytes_of(tensor);
        before += quantized && tensor.source->dtype->block_values > 1;
        table.rows.push_back({printable(tensor.plan.name), shape_text(tensor.plan.shape),
                              std::string(tensor.source->dtype->name), to, cat(bytes)});
        tensors.push(Json::object({{"name", tensor.plan.name},
                                   {"from", tensor.source->dtype->name},
                                   {"to", to},
                                   {"wanted", to},
                                   {"weighted", quantized && plan.options.ranges != nullptr},
                                   {"bytes", bytes}}));
    }
    if (before > 0)
        context.output.warn(cat(before,
                                " of the tensors were quantized already, and lose again; 16-bit "
                                "weights would give a better model"));
    if (dry_run) context.output.table(table);
    context.output.line(cat(dry_run ? "would take " : "", bytes_text(plan.bytes()), " (",
                            bytes_text(checkpoint.file_bytes()), " before), ", scheme.name, ": ",
                            scheme.text(), ", ", fixed(plan.bits_per_weight(), 3),
                            " bits a quantized weight"));
    context.output.document(Json::object({{"model", in},
                                          {"path", dry_run ? "" : out.string()},
                                          {"type", scheme.name},
                                          {"divergence", Json()},
                                          {"judged", Json::array()},
                                          {"dry_run", dry_run},
                                          {"bytes", plan.bytes()},
                                          {"bytes_before", checkpoint.file_bytes()},
                                          {"bits_per_weight", plan.bits_per_weight()},
                                          {"quantized_before", before},
                                          {"tensors", std::move(tensors)}}));
}

}  // namespace linnet
