#compdef louche
# Completion of louche in zsh: a file _louche in a folder of $fpath, or
# source <(louche completion zsh)
_louche() {
    local -a candidates
    candidates=(${(f)"$(louche complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)"})
    if (( $#candidates )); then compadd -a candidates; else _files; fi
}
if [[ $funcstack[1] == _louche ]]; then _louche "$@"; else compdef _louche louche; fi
