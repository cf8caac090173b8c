/** What a shell has to be told once, so that it asks `kserve-env complete` at every Tab. */

/** Shells that can be told. */
export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

/** How a shell loads its script, for its own start-up file or directory. */
const howTo: Record<Shell, string> = {
  bash: 'in ~/.bashrc: source <(kserve-env completion bash)',
  zsh: 'in ~/.zshrc, after compinit: source <(kserve-env completion zsh)',
  fish: 'kserve-env completion fish > ~/.config/fish/completions/kserve-env.fish',
};

/** `complete` answers with `words` or `files`, and a word, a tab and its description a line. It never fails aloud. */
const scripts: Record<Shell, string> = {
  // Works with the bash 3.2 of macOS, which has no compopt: there paths are offered where nothing else is.
  bash: `_kserve_env() {
  local kind word description
  COMPREPLY=()
  {
    IFS= read -r kind
    while IFS=$'\\t' read -r word description; do
      COMPREPLY+=("$word")
    done
  } < <("$1" complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
  if [[ $kind != files ]]; then compopt +o default 2>/dev/null; fi
  return 0
}
complete -o default -F _kserve_env kserve-env`,
  zsh: `_kserve_env() {
  local line word text
  local -a lines described
  lines=("\${(@f)$("\${words[1]}" complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ \${lines[1]} == files ]]; then
    _files
    return
  fi
  for line in "\${(@)lines[2,-1]}"; do
    word=\${\${line%%$'\\t'*}//:/\\\\:}
    text=\${line#*$'\\t'}
    described+=("$word\${text:+:$text}")
  done
  _describe kserve-env described
}
compdef _kserve_env kserve-env`,
  fish: `function __kserve_env_complete
    set -l before (commandline -opc)
    set -l current (commandline -ct)
    set -l program $before[1]
    set -e before[1]
    set -l lines ($program complete -- $before "$current" 2>/dev/null)
    if test "$lines[1]" = files
        __fish_complete_path "$current"
        return
    end
    set -e lines[1]
    printf '%s\\n' $lines
end
complete -c kserve-env -f -a '(__kserve_env_complete)'`,
};

/** The script for a shell, without a line break at its end. */
export function completionScript(shell: Shell): string {
  return `# Completion of kserve-env for ${shell}; ${howTo[shell]}\n${scripts[shell]}`;
}
