#include "base/log.h"

#include <spdlog/logger.h>
#include <spdlog/sinks/rotating_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

#include "base/text.h"

namespace linnet {

struct Log::Target {
    LogLevel level;
    LogFormat format;
    spdlog::logger logger;  // not registered with spdlog's global registry
};

static constexpr std::string_view level_names[] = {"debug", "info", "warn", "error", "off"};

Result<LogLevel> parse_log_level(std::string_view name) {
    for (size_t i = 0; i < std::size(level_names); i++)
        if (level_names[i] == name) return static_cast<LogLevel>(i);
    return Error{Code::Usage, cat("'", printable(name), "' is not a log level"),
                 "use debug, info, warn, error or off"};
}

static spdlog::logger make_logger(spdlog::sink_ptr sink, LogFormat format) {
    spdlog::logger logger("linnet", std::move(sink));
    // In JSON the time goes in front as a member: write() leaves out the opening brace.
    logger.set_pattern(format == LogFormat::Json ? "{\"time\": \"%Y-%m-%dT%H:%M:%S.%e%z\", %v"
                                                 : "%Y-%m-%d %H:%M:%S.%e %l %v");
    logger.set_level(spdlog::level::trace);
    logger.flush_on(spdlog::level::trace);
    return logger;
}

Log Log::silent() {
    return Log(nullptr);
}

Log Log::to_stderr(LogLevel level, LogFormat format) {
    auto sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
    return Log(std::make_shared<Target>(level, format, make_logger(std::move(sink), format)));
}

Result<Log> Log::to_file(const Path& path, LogLevel level, LogFormat format, uint64_t bytes_max,
                         size_t files_max) {
    TRY(FileWriter::open(path,
                         size_of_file(path).value_or(0)));  // says why where it cannot be written
    try {
        auto sink = std::make_shared<spdlog::sinks::rotating_file_sink_mt>(path.string(), bytes_max,
                                                                           files_max);
        return Log(std::make_shared<Target>(level, format, make_logger(std::move(sink), format)));
    } catch (const spdlog::spdlog_ex& exception) {
        return Error{Code::Io, cat("cannot log to ", path, ": ", exception.what())};
    }
}

static spdlog::level::level_enum spdlog_level(LogLevel level) {
    switch (level) {
        case LogLevel::Debug:
            return spdlog::level::debug;
        case LogLevel::Info:
            return spdlog::level::info;
        case LogLevel::Warn:
            return spdlog::level::warn;
        default:
            return spdlog::level::err;
    }
}

void Log::write(LogLevel level, std::string_view message, Fields fields) const {
    if (!target_ || level < target_->level) return;
    std::string line;
    if (target_->format == LogFormat::Json) {
        Json object = Json::object(
            {{"level", level_names[static_cast<size_t>(level)]}, {"message", message}});
        for (const Field& field : fields) object.set(field.name, field.value);
        line = object.dump().substr(1);
    } else {
        line = printable(message);
        for (const Field& field : fields) {
            const std::string* text = field.value.as_string();
            line += cat("  ", field.name, "=");
            bool plain = text && !text->empty() && text->find_first_of(" \"=") == text->npos;
            line += printable(plain ? *text : field.value.dump());
        }
    }
    target_->logger.log(spdlog_level(level), spdlog::string_view_t(line.data(), line.size()));
}

void Log::debug(std::string_view message, Fields fields) const {
    write(LogLevel::Debug, message, fields);
}
void Log::info(std::string_view message, Fields fields) const {
    write(LogLevel::Info, message, fields);
}
void Log::warn(std::string_view message, Fields fields) const {
    write(LogLevel::Warn, message, fields);
}
void Log::error(std::string_view message, Fields fields) const {
    write(LogLevel::Error, message, fields);
}

}  // namespace linnet
