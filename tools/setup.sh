# shellcheck shell=bash
# What ./run, ./test, .ci/run and tools/full share: the packages linnet is made from, and the build.
# Everything said here goes to standard error; standard output belongs to the program.

# Purpose, then a package; further names on a line are the same thing in other releases. A name may
# end in the architecture of another machine.
packages='
build  cmake
build  ninja-build
build  g++
build  libboost1.81-dev libboost1.83-dev
build  libcli11-dev
build  libfmt-dev
build  libspdlog-dev
build  libssl-dev
build  libtomlplusplus-dev
build  libutf8proc-dev
build  nlohmann-json3-dev
build  zlib1g-dev
test   libgtest-dev
test   librapidcheck-dev
ci     clang-19
ci     clang-format-19
ci     libclang-rt-19-dev
ci     valgrind
full   clang-tidy-19
full   debootstrap
full   iproute2
full   libbenchmark-dev
full   shellcheck
package dpkg-dev
package file
aarch64 g++-aarch64-linux-gnu
aarch64 qemu-user
aarch64 libfmt-dev:arm64
aarch64 libgtest-dev:arm64
aarch64 librapidcheck-dev:arm64
aarch64 libspdlog-dev:arm64
aarch64 libssl-dev:arm64
aarch64 libtomlplusplus-dev:arm64
aarch64 libutf8proc-dev:arm64
aarch64 zlib1g-dev:arm64
riscv64 g++-riscv64-linux-gnu
riscv64 dpkg-dev
riscv64 qemu-user
micro  gcc-arm-none-eabi
micro  libnewlib-arm-none-eabi
micro  libstdc++-arm-none-eabi-newlib
'
exit_packages=69 # packages are missing and cannot be installed from here
dpkg_status=/var/lib/dpkg/status # changes whenever a package does

say() { printf '%s\n' "$*" >&2; }

# One at a time: a second ./run or ./test waits here until the first has built.
lock() {
    mkdir -p build
    exec 9>build/.lock
    flock --nonblock 9 && return
    say "another ./run or ./test is at work here; waiting for it"
    flock 9
}

unlock() { exec 9>&-; }

# fresh <stamp>: nothing in the tree, and no installed package, is younger than the stamp.
fresh() {
    local places=(.)
    [[ -e $dpkg_status ]] && places+=("$dpkg_status")
    [[ -e $1 ]] && [[ -z $(find "${places[@]}" \( -path ./build -o -path ./.git \) -prune -o \
        -newer "$1" -print -quit) ]]
}

# need <purpose>...: installs the packages that are missing, or says how to and stops.
need() {
    if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
        say "Neither Debian nor Ubuntu: installing what tools/setup.sh lists is up to you."
        return
    fi
    local installed purpose names name missing=()
    local state="\${db:Status-Status}=\${Package}"
    installed=" $(dpkg-query --show --showformat "$state $state:\${Architecture} ") "
    while read -r purpose names; do
        [[ -n $purpose && " $* " == *" $purpose "* ]] || continue
        for name in $names; do
            [[ $installed == *" installed=$name "* ]] && continue 2
        done
        missing+=("$names")
    done <<<"$packages"
    [[ ${#missing[@]} == 0 ]] || install_packages "${missing[@]}"
}

# install_packages <names>...: each argument has the names of one package.
install_packages() {
    local wanted sudo=() answer foreign first='' machine
    choose "$@"
    foreign=$(printf '%s\n' "${wanted[@]}" | sed -n 's/.*://p' | sort -u | grep -vxFf <(
        dpkg --print-architecture
        dpkg --print-foreign-architectures
    )) || true
    say "linnet needs packages that are not installed here:" "${wanted[@]}"

    if [[ $(id -u) != 0 ]]; then
        if ! may_sudo; then
            say "Installing them needs root. Type this as root, then start again:"
            for machine in $foreign; do first+="dpkg --add-architecture $machine && "; done
            say "  ${first}apt-get update &&" \
                "apt-get install --yes --no-install-recommends ${wanted[*]}"
            exit "$exit_packages"
        fi
        sudo=(sudo)
    fi
    if [[ -t 0 && -t 2 && -z ${CI:-} ]]; then
        read -r -p "Install them with ${sudo[*]} apt-get now? [Y/n] " answer
        [[ ${answer,,} =~ ^(y|yes|)$ ]] || exit "$exit_packages"
    fi

    # A set-up that was killed may have left a package half-way.
    [[ -z $(dpkg --audit) ]] || as_root dpkg --configure -a
    for machine in $foreign; do as_root dpkg --add-architecture "$machine"; done
    if known "${wanted[@]}" && apt_get install --no-install-recommends "${wanted[@]}"; then
        return
    fi
    apt_get update || say "The package lists could not be refreshed; trying with those here."
    choose "$@"
    apt_get install --no-install-recommends "${wanted[@]}" || {
        say "The packages could not be installed; the lines above say why. Is there a network?"
        exit "$exit_packages"
    }
}

may_sudo() {
    command -v sudo >/dev/null && { [[ -t 0 ]] || sudo --non-interactive true 2>/dev/null; }
}

as_root() { "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive "$@" >&2; }

# Waits while another package manager is at work.
apt_get() { as_root apt-get --quiet --yes -o DPkg::Lock::Timeout=600 "$@"; }

# known <name>...: the package lists have them all.
known() {
    local name
    for name in "$@"; do
        [[ $(apt-cache policy "$name") =~ Candidate:\ [^\(] ]] || return 1
    done
}

# choose <names>...: sets `wanted` to one name of each, the first that the package lists have.
choose() {
    local names name
    wanted=()
    for names in "$@"; do
        for name in $names ${names%% *}; do
            known "$name" && break
        done
        wanted+=("$name")
    done
}

# Compilers at work at once: one a processor, and 1.5 GB of memory for each.
jobs_max() {
    local jobs available_kb
    jobs=$(nproc)
    available_kb=$(awk '/^MemAvailable/ { print $2 }' /proc/meminfo)
    ((available_kb / 1500000 < jobs)) && jobs=$((available_kb / 1500000))
    echo $((jobs > 0 ? jobs : 1))
}

# build <preset> <tests: ON or OFF> <target>...: configures where that is due, then builds.
build() {
    local folder=build/$1 tests=$2 jobs
    if [[ ! -e $folder/build.ninja || CMakePresets.json -nt $folder/build.ninja ]] ||
        { [[ $tests == ON ]] && ! grep -q '^LINNET_TESTS:.*=ON' "$folder/CMakeCache.txt"; }; then
        cmake --preset "$1" -DLINNET_TESTS="$tests" >"$folder.log" 2>&1 || {
            cat "$folder.log" >&2
            say "Configuring $folder failed."
            return 1
        }
    fi
    jobs=${CMAKE_BUILD_PARALLEL_LEVEL:-$(jobs_max)}
    say "building $folder with $jobs at a time"
    ninja -C "$folder" -j "$jobs" "${@:3}" >&2 || {
        local code=$?
        say "Building $folder failed; the first error above says why."
        return "$code"
    }
}

# build_stamped <stamp> <preset> <tests> <target>...: the same, remembered for fresh(). The stamp
# bears the time before the build, so that a file changed meanwhile is younger.
build_stamped() {
    touch build/.started
    build "${@:2}"
    mv build/.started "$1"
}
