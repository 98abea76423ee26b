// The numbers that a model computes in, as every command that runs one has them: --math and --kv.
#pragma once

#include <string>

#include "linnet/command.h"
#include "model/kv_cache.h"
#include "model/model.h"

namespace linnet {

class Arithmetic {
  public:
    void declare_math(Syntax& syntax);
    Argument& declare_kv(Syntax& syntax);

    Math math() const;
    const std::string& math_name() const { return math_; }
    KvType kv() const;  // float32 where the arithmetic is, unless asked for another

  private:
    std::string math_ = "fast", kv_;
};

}  // namespace linnet
