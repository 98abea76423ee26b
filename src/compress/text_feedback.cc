#include "compress/text_feedback.h"

#include "base/text.h"

namespace linnet {

std::string shared_input_name(const Checkpoint& checkpoint, const Tensor& tensor) {
    std::string name(tensor.name);
    for (auto [from, to] : {std::pair("attn_k.", "attn_q."), std::pair("attn_v.", "attn_q."),
                            std::pair("ffn_up.", "ffn_gate.")}) {
        std::string other = replace_all(name, from, to);
        const Tensor* twin = checkpoint.find(other);
        if (other != name && twin && twin->shape.row() == tensor.shape.row()) return other;
    }
    return name;
}

Result<std::shared_ptr<const Feedback>> TextFeedback::feedback_for(const PlannedTensor& tensor) {
    if (!tensor.may_have_feedback()) return std::shared_ptr<const Feedback>();
    const std::string name = shared_input_name(plan_.checkpoint, *tensor.source);
    if (name == latest_name_) return latest_;
    const PlannedTensor* at = &tensor;
    const PlannedTensor* end = plan_.tensors.data() + plan_.tensors.size();
    auto squares = TRY(squares_.of(*read_.find(name), [&]() -> const Tensor* {
        while (++at != end)
            if (at->may_have_feedback())
                return read_.find(shared_input_name(plan_.checkpoint, *at->source));
        return nullptr;
    }));
    latest_ = std::make_shared<const Feedback>(Feedback::of(
        squares, static_cast<size_t>(tensor.source->shape.row()), squares_.scorer().kernels()));
    latest_name_ = name;
    return latest_;
}

}  // namespace linnet
