#compdef linnet
# zsh completion for linnet. It holds no names: each Tab asks the program, which answers in a few
# milliseconds, so this never falls behind it.
_linnet() {
    local -a candidates
    local line value what files
    while IFS= read -r line; do
        value="${line%%$'\t'*}"
        what="${line#*$'\t'}"
        case "$value" in
            :files) files=1 ;;
            :folders) files=2 ;;
            *) candidates+=("${value//:/\\:}${what:+:$what}") ;;
        esac
    done < <(linnet __complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)
    (( ${#candidates} )) && _describe -V 'linnet' candidates
    [[ -n $files && $PREFIX == -*=* ]] && compset -P '*='
    [[ $files == 1 ]] && _files
    [[ $files == 2 ]] && _files -/
    return 0
}
# Loaded from a folder of fpath it is the function itself; sourced, it registers.
if [[ ${funcstack[1]} == _linnet ]]; then
    _linnet "$@"
else
    compdef _linnet linnet
fi
