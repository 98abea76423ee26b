#!/usr/bin/env bash
# What tools/setup.sh does on machines that this one is not: a fresh one, one without root, one
# without a network. Commands that would change the machine are stand-ins that note their call.
# Usage: setup_test.sh SOURCE SCRATCH
# shellcheck disable=SC2016 # what stands in single quotes is evaluated later
set -euo pipefail
source=$1
scratch=$2
passed=0 failed=0

# machine <user id> <known packages> <installed packages>: stand-ins for one kind of machine.
machine() {
    rm -rf "$scratch"
    mkdir -p "$scratch/bin"
    printf '%s\n' "$2" >"$scratch/known"
    printf '%s\n' "$3" >"$scratch/installed"
    : >"$scratch/calls"
    stand_in id "echo $1"
    stand_in dpkg '[[ $1 != --print-architecture ]] || echo amd64
        [[ $1 != --add-architecture ]] || echo "dpkg $*" >>"$scratch/calls"'
    stand_in dpkg-query 'for p in $(cat "$scratch/installed"); do printf "installed=%s " "$p"; done'
    stand_in apt-cache 'version=1.0; grep -qw -e "$2" "$scratch/known" || version="(none)"
        echo "  Candidate: $version"'
    stand_in apt-get 'echo "apt-get $*" >>"$scratch/calls"
        [[ ! -e $scratch/offline ]] || exit 100
        [[ $* != *update* ]] || cp "$scratch/after_update" "$scratch/known"'
}

stand_in() {
    printf '#!/usr/bin/env bash\nscratch=%q\n%s\n' "$scratch" "$2" >"$scratch/bin/$1"
    chmod +x "$scratch/bin/$1"
}

# run_need [<purpose>]: `need` on that machine with these packages. Sets `code` and `said`.
run_need() {
    code=0
    said=$(PATH=$scratch/bin:$PATH CI=1 bash -euo pipefail -c 'source "$0/tools/setup.sh"
        packages="build a-old a-new
        build b
        test c
        foreign d:arm64"
        need "$1"' "$source" "${1:-build}" </dev/null 2>&1) || code=$?
}

expect() { # expect <what> <condition in [[ ]]>
    if eval "[[ $2 ]]"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        printf 'FAILED: %s\n  code %s, said: %s\n  calls: %s\n' "$1" "$code" "$said" \
            "$(cat "$scratch/calls")"
    fi
}
calls() { tr '\n' ';' <"$scratch/calls"; }

machine 0 '' 'a-new b'
run_need
expect 'nothing is missing: nothing is done' '$code == 0 && -z $said && -z $(calls)'

machine 0 'a-new b c' 'x'
run_need
expect 'missing packages are named' '$code == 0 && $said == *"a-new b"*'
expect 'and installed under the name that this release knows' '$(calls) == *"install"*"a-new b;"'
expect 'without a refresh of the lists' '$(calls) != *update*'
expect 'and without packages for other purposes' '$(calls) != *" c"*'

machine 0 '' ''
echo 'a-old b' >"$scratch/after_update"
run_need
expect 'empty lists are refreshed first' '$code == 0 && $(calls) == *update*install*"a-old b;"'

machine 0 '' 'd'
echo 'd:arm64' >"$scratch/after_update"
run_need foreign
expect 'packages of another architecture' \
    '$code == 0 && $(calls) == "dpkg --add-architecture arm64;"*update*"d:arm64;"'

machine 1000 'a-old b' 'b'
stand_in sudo 'exit 1'
run_need
expect 'without root the command is shown' '$said == *"apt-get update && apt-get install"*" a-old"*'
expect 'and it stops with its own code' '$code == 69 && -z $(calls)'

machine 1000 'a-old b' 'b'
stand_in sudo '[[ $1 == --non-interactive ]] && shift; "$@"'
run_need
expect 'sudo without a password is used' '$code == 0 && $(calls) == *"install"*"a-old;"'

machine 0 'a-old b' ''
touch "$scratch/offline"
run_need
expect 'no network is said' '$code == 69 && $said == *network*'

# fresh_after <command>: is a built tree still fresh after that?
fresh_after() {
    rm -rf "$scratch/tree"
    mkdir -p "$scratch/tree/"{src,build,.git}
    touch "$scratch/tree/src/a.cc"
    touch -d '2020-01-01' "$scratch/tree/"{build/stamp,src/a.cc,src,.}
    (cd "$scratch/tree" && bash -euo pipefail -c "source $source/tools/setup.sh
        $1
        dpkg_status=none fresh build/stamp")
}
code=0 said=''
fresh_after ':' || code=$?
expect 'what was built stays fresh' '$code == 0'
fresh_after 'touch build/a .git/a' || code=$?
expect 'whatever happens in build and .git' '$code == 0'
fresh_after 'touch src/a.cc' || code=$?
expect 'a changed file is noticed' '$code != 0'
code=0
fresh_after 'rm src/a.cc' || code=$?
expect 'a removed file is noticed' '$code != 0'
code=0
fresh_after 'rm build/stamp' || code=$?
expect 'what was never built is not fresh' '$code != 0'

echo "$passed passed, $failed failed"
[[ $failed == 0 ]]
