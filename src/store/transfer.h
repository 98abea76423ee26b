// Moves the bytes of one file from where they can be had into its partial download: one attempt,
// which goes on where an earlier one ended if it can.
#pragma once

#include <string>

#include "base/cancel.h"
#include "base/log.h"
#include "base/progress.h"
#include "base/result.h"
#include "store/partial.h"
#include "store/rate_limit.h"
#include "store/supply.h"

namespace linnet {

// Shows one download that may begin several times: where it falls back, the step is begun anew.
class Step {
  public:
    Step(Progress& progress, std::string name) : progress_(progress), name_(std::move(name)) {}
    ~Step() { end(); }
    Step(const Step&) = delete;
    Step& operator=(const Step&) = delete;

    void at(uint64_t done, uint64_t total);
    void end();

  private:
    Progress& progress_;
    std::string name_;
    bool shown_ = false;
    uint64_t done_ = 0, total_ = 0;
};

struct TransferTools {
    RateLimit& rate;
    const Cancel& cancel;
    Step& step;
    Path folder;                  // whose disk fills
    uint64_t mark_bytes;          // between two marks
    uint64_t disk_reserve_bytes;  // stay free
    int retry_after_s = 0;        // set where the server asked for a pause
};

// `bytes`: what the content must have, where that is known beforehand. On success the partial holds
// all of the content; whether it is the right content is for its hash to say. Errors of the other
// side that may pass are Code::Network.
Result<> transfer(const Supply& supply, std::optional<uint64_t> bytes, Partial& partial,
                  TransferTools& tools);

// NoFit where fewer than `needed` bytes (and the reserve) are free on the disk of `folder`.
Result<> check_space(const Path& folder, uint64_t needed, uint64_t reserve);

}  // namespace linnet
