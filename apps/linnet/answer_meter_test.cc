#include "linnet/answer_meter.h"

#include <gtest/gtest.h>

#include "measure/testing/recorded.h"

namespace linnet {
namespace {

constexpr RunStats stats{.prompt_tokens = 30,
                         .cached_tokens = 10,
                         .answer_tokens = 11,
                         .queued_s = 0,
                         .prompt_s = 2,
                         .answer_s = 5,
                         .first_token_s = 2};

TEST(AnswerMeter, TellsSpeedWithoutWhatWasCached) {
    ManualClock clock;
    AnswerMeter meter(clock, AnswerMeter::Energy::Ignored);
    Json document = meter.document(stats);
    EXPECT_EQ(document.double_or("prefill_tps", 0), 10);
    EXPECT_EQ(document.double_or("decode_tps", 0), 2);  // ten tokens behind the first
    EXPECT_TRUE(document.find("energy_j")->is_null());
    EXPECT_NE(meter.line(stats).find("prompt 30 tokens (10 cached), 10 t/s; answer 11 tokens"),
              std::string::npos)
        << meter.line(stats);
}

TEST(AnswerMeter, TellsTheEnergyWhereAMeterIs) {
    testing::RecordedTree machine;
    std::string_view counter = "sys/class/powercap/intel-rapl:0/energy_uj";
    machine.put("sys/class/powercap/intel-rapl:0/name", "package-0");
    machine.put("sys/class/powercap/intel-rapl:0/max_energy_range_uj", "1000000000");
    machine.put(counter, "1000000");
    ManualClock clock;
    AnswerMeter meter(clock, AnswerMeter::Energy::Measured, machine.tree());
    GenerationEvent token, last;
    last.finish = StopReason::End;
    machine.put(counter, "2000000");
    meter.sample(token);
    machine.put(counter, "4500000");
    meter.sample(last);  // at once: the end always counts
    EXPECT_EQ(meter.document(stats).double_or("energy_j", 0), 3.5);
    EXPECT_NE(meter.line(stats).find("energy 3.5 J by package-0"), std::string::npos)
        << meter.line(stats);
}

TEST(AnswerMeter, SaysNothingOfEnergyWithoutAMeter) {
    testing::RecordedTree machine;
    ManualClock clock;
    AnswerMeter meter(clock, AnswerMeter::Energy::Measured, machine.tree());
    GenerationEvent last;
    last.finish = StopReason::End;
    meter.sample(last);
    EXPECT_TRUE(meter.document(stats).find("energy_j")->is_null());
    EXPECT_EQ(meter.line(stats).find("energy"), std::string::npos);
}

}  // namespace
}  // namespace linnet
