// Writes the tests' small model to the path that it is given.
#include "model/testing/tiny_model.h"

int main(int argc, char** argv) {
    if (argc != 2) return 2;
    testing::InitGoogleTest();
    linnet::testing::write_tiny_model(argv[1]);
    return testing::Test::HasFailure() ? 1 : 0;
}
