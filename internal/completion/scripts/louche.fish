# Completion of louche in fish: louche completion fish | source
function __louche_candidates
    set -l words (commandline -opc) (commandline -ct)
    louche complete -- $words[2..] 2>/dev/null
end
complete -c louche -n 'test -n (__louche_candidates | string collect; or true)' -f
complete -c louche -a '(__louche_candidates)'
