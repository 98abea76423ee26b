#include "linnet/arithmetic.h"

namespace linnet {

void Arithmetic::declare_math(Syntax& syntax) {
    syntax.option("--math", &math_, "KIND", "fast, or f32: float32 of the dequantized weights")
        .one_of({"fast", "f32"});
}

Argument& Arithmetic::declare_kv(Syntax& syntax) {
    return syntax
        .option("--kv", &kv_, "TYPE",
                "numbers of the key-value cache; default: int16, f32 with --math f32")
        .one_of({"int16", "f16", "f32", "int8"});
}

Math Arithmetic::math() const {
    return math_ == "f32" ? Math::F32 : Math::Fast;
}

KvType Arithmetic::kv() const {
    return parse_kv_type(kv_).value_or(usual_kv(math()));
}

}  // namespace linnet
