// A decoder as an ONNX model that any runtime of opset 21 runs, with keys and values of the tokens
// so far as inputs and outputs, named and shaped as exporters for generation have it: input_ids,
// attention_mask, position_ids, past_key_values.N.key and .value; logits, present.N.key and .value.
#pragma once

#include "exchange/onnx_weights.h"

namespace linnet {

// The plan of a folder with such a model in place of safetensors. Unsupported for architectures
// other than llama, qwen2, qwen3 and smollm3. As integers are written the matrices that are
// multiplied with; the embedding is float16 then, and all else float32.
Result<ExportPlan> plan_onnx(const Checkpoint& file, OnnxNumbers numbers,
                             WithTokenizer tokenizer = WithTokenizer::Yes);

// model.onnx, model.onnx.data and the documents of the plan, as write_export().
// REQUIRES: the plan was made for these numbers.
Result<> write_onnx(const ExportPlan& plan, OnnxNumbers numbers, const Path& folder,
                    Progress& progress, const Cancel& cancel);

}  // namespace linnet
