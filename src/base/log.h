// Lines for whoever operates linnet: a message and named values, as text or as one JSON object a
// line.
#pragma once

#include <initializer_list>
#include <memory>
#include <string_view>

#include "base/file.h"
#include "base/json.h"

namespace linnet {

enum class LogLevel { Debug, Info, Warn, Error, Off };
enum class LogFormat { Text, Json };

Result<LogLevel> parse_log_level(std::string_view name);

// Thread-safe, cheap to copy (copies share the target). Below its level a call costs a comparison.
class Log {
  public:
    struct Field {
        std::string_view name;
        Json value;
    };
    using Fields = std::initializer_list<Field>;

    static Log silent();
    static Log to_stderr(LogLevel level, LogFormat format);
    // Rotated at `bytes_max`, keeping `files_max` older files.
    static Result<Log> to_file(const Path& path, LogLevel level, LogFormat format,
                               uint64_t bytes_max = 10'000'000, size_t files_max = 3);

    void debug(std::string_view message, Fields fields = {}) const;
    void info(std::string_view message, Fields fields = {}) const;
    void warn(std::string_view message, Fields fields = {}) const;
    void error(std::string_view message, Fields fields = {}) const;

  private:
    struct Target;
    explicit Log(std::shared_ptr<Target> target) : target_(std::move(target)) {}
    void write(LogLevel level, std::string_view message, Fields fields) const;
    std::shared_ptr<Target> target_;
};

}  // namespace linnet
