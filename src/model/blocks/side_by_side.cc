#include "model/blocks/side_by_side.h"

#include <algorithm>

namespace linnet {

ScratchNeed SideBySide::scratch() const {
    ScratchNeed need = first_->scratch();
    need.cover(second_->scratch());
    need.shared_per_token += dim_;
    return need;
}

void SideBySide::run(Pass& pass) const {
    float* before = pass.shared(pass.tokens * dim_);
    pass.share(pass.tokens, 1, [&](size_t begin, size_t end) {
        std::copy(pass.x + begin * dim_, pass.x + end * dim_, before + begin * dim_);
    });
    pass.barrier();
    const Pass::Mark mark = pass.mark();
    pass.input = before;
    first_->run(pass);
    pass.rewind(mark);
    pass.state_at += first_->state_floats();
    second_->run(pass);
    pass.state_at -= first_->state_floats();
    pass.input = pass.x;
}

}  // namespace linnet
