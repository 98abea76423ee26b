# shellcheck shell=bash
# bash completion for linnet. It holds no names: each Tab asks the program, which answers in a few
# milliseconds, so this never falls behind it.
_linnet() {
    # bash cuts words at = and : too, which stand in names of models; join what no space parts.
    local words=() word rest before line="${COMP_LINE:0:COMP_POINT}" at=0 i
    for ((i = 0; i <= COMP_CWORD; i++)); do
        word="${COMP_WORDS[i]}"
        rest="${line:at}"
        [[ $i == "$COMP_CWORD" ]] && word="${word:0:${#rest}}"
        before="${rest%%[![:space:]]*}"
        if [[ $i -gt 0 && -z $before && -n $rest ]]; then
            words[${#words[@]} - 1]+="$word"
        else
            words+=("$word")
        fi
        at=$((at + ${#before} + ${#word}))
    done
    local current="${words[${#words[@]} - 1]}" last="${COMP_WORDS[COMP_CWORD]}"
    [[ $last == [=:] ]] && last=""
    local prefix="${current%"$last"}" files="" value
    COMPREPLY=()
    while IFS=$'\t' read -r value _; do
        case "$value" in
            :files) files="file" ;;
            :folders) files="directory" ;;
            *) COMPREPLY+=("$(printf '%q' "${value#"$prefix"}")") ;;
        esac
    done < <(linnet __complete -- "${words[@]:1}" 2>/dev/null)
    if [[ -n $files ]]; then
        compopt -o filenames 2>/dev/null
        mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -A "$files" -- "$last")
    fi
}
complete -F _linnet linnet
