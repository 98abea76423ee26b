# fish completion for linnet. It holds no names: each Tab asks the program, which answers in a few
# milliseconds, so this never falls behind it.
function __linnet_complete
    set -l current (commandline -ct)
    for line in (linnet __complete -- (commandline -opc)[2..-1] "$current" 2>/dev/null)
        switch $line
            case ':files*'
                __fish_complete_path $current
            case ':folders*'
                __fish_complete_directories $current ''
            case '*'
                echo $line
        end
    end
end
complete -c linnet -f -a '(__linnet_complete)'
