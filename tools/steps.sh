# shellcheck shell=bash
# What ./test, .ci/run and tools/full share: running tests, and adding up steps.

# run_tests <preset> <ctest option>...: runs, then says what was skipped and why; ctest's own
# summary comes last.
run_tests() {
    local log=build/$1/Testing/Temporary/LastTest.log line summary=''
    ctest --test-dir "build/$1" --parallel "${CTEST_PARALLEL_LEVEL:-$(nproc)}" \
        --output-on-failure --no-label-summary "${@:2}" 2>&1 | {
        while IFS= read -r line; do
            if [[ -z $summary && $line != *'% tests passed'* ]]; then
                printf '%s\n' "$line"
            else
                summary+=$line$'\n'
            fi
        done
        skipped "$log"
        printf '%s' "$summary"
    }
}

# skipped <log>: the reasons that GoogleTest gave, each once, with its count.
skipped() {
    sed -n '/: Skipped$/{n;p}' "$1" | sort | uniq --count | sed 's/^ *\([0-9]*\)/skipped \1:/'
}

steps=() passed=0 failed=0

# step <name> <command>...: runs it, and adds up what its ctest counted. A step without tests
# counts as one.
step() {
    local log=build/step.log start=$SECONDS bad total code=0 verdict=passed
    say "=== $1"
    "${@:2}" 2>&1 | tee "$log" || code=${PIPESTATUS[0]}
    ((code != 130)) || exit 130 # Ctrl-C
    ((code == 0)) || verdict=FAILED
    read -r bad total < <(sed -n \
        's/.*% tests passed, \([0-9]*\) tests failed out of \([0-9]*\).*/\1 \2/p' "$log") || true
    [[ $verdict == passed ]] || ((${bad:-0} > 0)) || bad=1 total=1
    : "${total:=1}"
    passed=$((passed + total - bad)) failed=$((failed + bad))
    steps+=("$(printf '%-28s %s  %4d s' "$1" "$verdict" $((SECONDS - start)))")
}

# What each step did, and how many tests in all.
report() {
    printf '\n'
    printf '%s\n' "${steps[@]}"
    echo "$passed passed, $failed failed"
    [[ $failed == 0 ]]
}
