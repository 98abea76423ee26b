// linnet export: a model in the form that other programs load.
#include "base/text.h"
#include "exchange/folder_to_gguf.h"
#include "exchange/gguf_to_folder.h"
#include "exchange/onnx_decoder.h"
#include "linnet/models.h"

namespace linnet {
namespace {

class ExportCommand final : public Command {
  public:
    void declare(Syntax& syntax) override {
        syntax
            .positional("MODEL", &in_, "a GGUF file, a Hugging Face folder or a name of the store")
            .required()
            .completes(Complete::Model);
        syntax.positional("OUT", &out_, "the file or folder to write")
            .required()
            .completes(Complete::File);
        syntax
            .option(
                "--format", &format_, "FORMAT",
                "hf: a Hugging Face folder; gguf: a GGUF file; onnx: a folder with an ONNX model")
            .one_of({"hf", "gguf", "onnx"});
        syntax
            .option("--type", &type_, "TYPE",
                    "of a folder's weights: f32, f16, bf16 (onnx: q8, q4 too); else as they are, "
                    "f16 where they "
                    "have blocks")
            .one_of({"f32", "f16", "bf16", "q8", "q4"});
        syntax.about(
            "hf: config.json, generation_config.json, tokenizer.json, tokenizer_config.json and "
            "safetensors, as transformers loads them. Weights in blocks of few bits become floats; "
            "f32 keeps them exactly.");
        syntax.about(
            "gguf: of a folder, the weights as they are with settings, tokenizer and chat template "
            "as llama.cpp reads them; linnet quantize takes folders as well.");
        syntax.example("linnet export default ./smollm2 --format hf", "for transformers");
        syntax.about(
            "onnx: model.onnx and model.onnx.data of opset 21 with tokenizer.json and config.json "
            "beside them, for runtimes such as onnxruntime: input_ids, attention_mask, "
            "position_ids and the keys and values so far give logits and keys and values. Models "
            "of llama, qwen2, qwen3 and smollm3. q8 and q4 are integers with a scale for each 32 "
            "inputs.");
        syntax.example("linnet export default ./onnx --format onnx --type f32", "for onnxruntime");
        syntax.example("linnet export ./Qwen3-0.6B qwen3.gguf --format gguf", "for llama.cpp");
    }

    Result<> run(Context& context) override {
        Checkpoint checkpoint = TRY(open_model(context, in_));
        const Path out = expand_home(out_, context.paths.home);
        std::error_code ignored;
        if (std::filesystem::equivalent(TRY(find_model(context, in_)), out, ignored))
            return Error{Code::Usage, cat(out, " is the model itself"), "name another"};
        auto written = format_ == "gguf"   ? write_gguf(context, checkpoint, out)
                       : format_ == "onnx" ? write_onnx_folder(context, checkpoint, out)
                                           : write_folder(context, checkpoint, out);
        if (!written) return std::move(written).error().within(printable(in_));
        const uint64_t bytes = written->bytes;
        context.output.line(cat("wrote ", out, ": ", bytes_text(bytes), " of weights in ",
                                written->tensors, " tensors"));
        context.output.document(Json::object({{"model", in_},
                                              {"path", out.string()},
                                              {"format", format_},
                                              {"bytes", bytes},
                                              {"tensors", written->tensors}}));
        return Done{};
    }

  private:
    // What most values have, where it is a float.
    static const DType& usual_type(const Checkpoint& checkpoint) {
        const DType* most = dtype_named("f16");
        uint64_t values = 0;
        for (const Tensor& tensor : checkpoint.tensors())
            if (tensor.values > values) most = tensor.dtype, values = tensor.values;
        return most->block_values == 1 && most->encode ? *most : *dtype_named("f16");
    }

    struct Written {
        size_t tensors = 0;
        uint64_t bytes = 0;
    };

    Result<Written> write_folder(Context& context, const Checkpoint& checkpoint,
                                 const Path& out) const {
        if (type_ == "q8" || type_ == "q4")
            return Error{Code::Usage, cat("--type ", type_, " goes with --format onnx only"),
                         "take f32, f16 or bf16"};
        const DType& dtype = type_.empty() ? usual_type(checkpoint) : *dtype_named(type_);
        ExportPlan plan = TRY(plan_export(checkpoint, dtype));
        TRY(write_export(plan, out, context.progress, context.cancel));
        Written written{.tensors = plan.tensors.size()};
        for (const ExportedTensor& tensor : plan.tensors)
            written.bytes += tensor.source->values * dtype.block_bytes;
        return written;
    }

    Result<Written> write_onnx_folder(Context& context, const Checkpoint& checkpoint,
                                      const Path& out) const {
        if (type_ == "bf16")
            return Error{Code::Usage, "ONNX models with weights in bf16 are not written",
                         "take f32, f16, q8 or q4"};
        const OnnxNumbers numbers = type_ == "f32"  ? OnnxNumbers::F32
                                    : type_ == "q8" ? OnnxNumbers::Int8
                                    : type_ == "q4" ? OnnxNumbers::Int4
                                                    : OnnxNumbers::F16;
        ExportPlan plan = TRY(plan_onnx(checkpoint, numbers));
        TRY(write_onnx(plan, numbers, out, context.progress, context.cancel));
        const OnnxWeights weights(plan, numbers);
        return Written{weights.list().size(), weights.bytes()};
    }

    Result<Written> write_gguf(Context& context, const Checkpoint& checkpoint,
                               const Path& out) const {
        if (!type_.empty())
            return Error{Code::Usage, "--type goes with folders only",
                         "linnet quantize gives a GGUF file other types"};
        ImportPlan plan = TRY(plan_import(checkpoint));
        for (const std::string& warning : plan.warnings) context.output.warn(warning);
        TRY(write_import(plan, out, context.progress, context.cancel));
        return Written{plan.tensors.size(), TRY(Checkpoint::open(out)).file_bytes()};
    }

    std::string in_, out_, format_ = "hf", type_;
};

}  // namespace

std::unique_ptr<Command> export_command() {
    return std::make_unique<ExportCommand>();
}

}  // namespace linnet
