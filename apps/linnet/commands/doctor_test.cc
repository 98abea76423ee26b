#include <gtest/gtest.h>

#include "linnet/testing/process.h"
#include "measure/testing/recorded.h"

namespace linnet::testing {
namespace {

TEST(DoctorCommand, LooksAtThisMachine) {
    RunFolder folder;
    Ran run = folder.run({"doctor"});
    EXPECT_EQ(run.exit_code, 0) << run.err;
    EXPECT_NE(run.out.find(" kernels are used"), std::string::npos) << run.out;
    EXPECT_NE(run.out.find("are free for models in"), std::string::npos) << run.out;
    expect_document("doctor", folder.run({"doctor", "--json"}));
}

TEST(DoctorCommand, TellsOfTheStore) {
    RunFolder folder;
    Ran run = folder.run({"doctor", "--quick"});
    EXPECT_NE(run.out.find("store        models 0"), std::string::npos) << run.out;
    folder.write("home/.local/share/linnet/manifests/broken.json", "{");
    run = folder.run({"doctor", "--quick"});
    EXPECT_NE(run.out.find("damaged: 1"), std::string::npos) << run.out;
    EXPECT_NE(run.out.find("fix: 'linnet list' names them"), std::string::npos) << run.out;
    expect_document("doctor", folder.run({"doctor", "--json"}));
}

TEST(DoctorCommand, LooksAtRecordedMachines) {
    RunFolder folder;
    for (const char* name : {"laptop", "pi5", "vm", "container", "phone"}) {
        RecordedTree recorded(name);
        Ran run = folder.run({"doctor", "--json", "--sysfs-root", recorded.root().string()});
        EXPECT_EQ(run.exit_code, 0) << name << run.err;
        expect_document("doctor", run);
    }
    RecordedTree recorded("container");
    Ran run = folder.run({"doctor", "--sysfs-root", recorded.root().string()});
    EXPECT_NE(run.out.find("the control group pays for 1.5 of 64 processors"), std::string::npos);
    EXPECT_NE(run.out.find("fix: raise the quota"), std::string::npos) << run.out;
    expect_document("doctor",
                    folder.run({"doctor", "--json", "--sysfs-root", RecordedTree().root()}));
    EXPECT_EQ(folder.run({"doctor", "--sysfs-root", "/no/such/folder"}).exit_code, 3);
}

TEST(DoctorCommand, TellsWhatLinnetIsaForces) {
    RunFolder folder;
    Ran run = folder.run({"doctor", "--quick"}, {.environment = {{"LINNET_ISA", "scalar"}}});
    EXPECT_NE(run.out.find("LINNET_ISA selects scalar"), std::string::npos) << run.out;
    run = folder.run({"doctor", "--quick"}, {.environment = {{"LINNET_ISA", "z80"}}});
    EXPECT_NE(run.out.find("'z80', which names no kernels"), std::string::npos) << run.out;
    run = folder.run({"doctor", "--quick", "--json"}, {.environment = {{"LINNET_ISA", "z80"}}});
    EXPECT_NE(run.out.find("\"verdict\": \"problem\""), std::string::npos) << run.out;
}

}  // namespace
}  // namespace linnet::testing
