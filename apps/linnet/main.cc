#include <fcntl.h>
#include <unistd.h>

#include "linnet/program.h"

// A closed descriptor 0, 1 or 2 would be given to the next file that is opened, and output would
// land in it. The stand-in refuses what the closed one would have refused.
static void fill_standard_descriptors() {
    for (int fd = 0; fd <= 2; fd++)
        if (::fcntl(fd, F_GETFD) < 0) ::open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY);
}

int main(int count, char** arguments) {
    fill_standard_descriptors();
    linnet::Environment environment(environ);
    std::vector<std::string> words(arguments + (count > 0 ? 1 : 0), arguments + count);
    linnet::Program program{
        .commands = linnet::command_table(),
        .groups = linnet::command_groups(),
        .environment = environment,
    };
    return program.run(words);
}
