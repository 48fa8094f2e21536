# Completion of louche in bash: source <(louche completion bash)
_louche() {
    mapfile -t COMPREPLY < <(louche complete -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o default -F _louche louche
