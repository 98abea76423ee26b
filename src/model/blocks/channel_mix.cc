#include "model/blocks/channel_mix.h"

#include <algorithm>

#include "model/blocks/residual.h"
#include "model/blocks/token_shift.h"

namespace linnet {

ScratchNeed ChannelMix::scratch() const {
    return {.shared_per_token = dim_ + Activations::floats(dim_) + Activations::floats(hidden_),
            .own = Matrix::panel_rows * std::max(dim_, hidden_)};
}

void ChannelMix::run(Pass& pass) const {
    float* normed = pass.shared(pass.tokens * dim_);
    Activations mixed = Activations::take(pass, dim_), hidden = Activations::take(pass, hidden_);
    norm_input(pass, p_.norm, dim_, normed, nullptr);
    pass.barrier();
    TokenShift shift{dim_};
    shift.blend(pass, normed, p_.blend.data(), mixed);
    pass.barrier();
    shift.remember(pass, normed);
    const Product product[] = {{&p_.key, mixed.operand(), hidden.x}};
    multiply_all(pass, product);
    pass.share(pass.tokens, 1, [&](size_t begin, size_t end) {
        hidden.each(begin, end, [](float x) { return x > 0 ? x * x : 0; });
        hidden.quantize(pass, begin, end);
    });
    pass.barrier();
    add_output(pass, {p_.value, {}, 1}, hidden.operand(), normed);
}

}  // namespace linnet
