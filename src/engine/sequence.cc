#include "engine/sequence.h"

namespace linnet {
namespace {

class Stream final : public TokenStream {
  public:
    explicit Stream(std::shared_ptr<Mailbox> mailbox) : mailbox_(std::move(mailbox)) {}
    ~Stream() override { cancel(); }
    void cancel() override { mailbox_->cancelled = true; }

    Result<std::optional<TokenEvent>> next(const Cancel& cancel) override {
        // Looks up now and then, because the flag has no way to wake a queue.
        constexpr std::chrono::milliseconds look_up(20);
        for (;;) {
            if (finished_) return std::optional<TokenEvent>();
            TRY(cancel.check());
            if (auto event = mailbox_->events.pop_for(look_up)) {
                finished_ = event->finish.has_value();
                if (event->finish == FinishReason::Broken)
                    return Error{Code::BadInput,
                                 "the model computed values that are not numbers; its file is "
                                 "probably damaged"};
                return event;
            }
        }
    }

  private:
    std::shared_ptr<Mailbox> mailbox_;
    bool finished_ = false;
};

}  // namespace

std::unique_ptr<TokenStream> open_stream(std::shared_ptr<Mailbox> mailbox) {
    return std::make_unique<Stream>(std::move(mailbox));
}

}  // namespace linnet
