import type { CompletedCommand, CompletedValue } from './completion-table.ts';

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/** Fills COMPREPLY with what fits `$cur`. */
function reply({ completes, choices }: CompletedValue): string {
  if (choices.length > 0) return `COMPREPLY=($(compgen -W ${quoted(choices.join(' '))} -- "$cur"))`;
  if (completes === 'file') return 'COMPREPLY=($(compgen -f -- "$cur"))';
  if (completes === 'directory') return 'COMPREPLY=($(compgen -d -- "$cur"))';
  if (completes === 'worker') return 'COMPREPLY=($(compgen -W "$(pluvio list --quiet 2>/dev/null)" -- "$cur"))';
  return 'COMPREPLY=()';
}

function caseOf(command: CompletedCommand): string {
  const flags = command.options.flatMap((option) => option.flags);
  const withValue = command.options.filter(({ value }) => value !== undefined);
  const values = withValue.map(
    ({ flags: names, value }) => `        ${names.join('|')}) ${value ? reply(value) : ''}; return ;;`,
  );
  const last = command.arguments.length - 1;
  const places = command.arguments.map((argument, index) => {
    const pattern = index === last && command.isOpen ? '*' : String(index);
    return `        ${pattern}) ${reply(argument)} ;;`;
  });
  return [
    `    ${command.name})`,
    `      takes=${quoted(withValue.flatMap((option) => option.flags).join(' '))}`,
    '      case $prev in',
    ...values,
    '      esac',
    '      if [[ $cur == -* ]]; then',
    `        COMPREPLY=($(compgen -W ${quoted(flags.join(' '))} -- "$cur"))`,
    '        return',
    '      fi',
    '      _pluvio_place',
    '      case $place in',
    ...places,
    '      esac ;;',
  ].join('\n');
}

/** A script for bash. */
export function bashScript(commands: readonly CompletedCommand[]): string {
  return `# Completion of pluvio for bash.
# How many arguments of the command stand before the cursor.
_pluvio_place() {
  local at
  place=0
  for ((at = 2; at < COMP_CWORD; at++)); do
    if [[ \${COMP_WORDS[at]} == -* ]]; then
      [[ " $takes " == *" \${COMP_WORDS[at]} "* ]] && ((at++))
    else
      ((place++))
    fi
  done
}

_pluvio() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} place takes
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    COMPREPLY=($(compgen -W ${quoted(commands.map(({ name }) => name).join(' '))} -- "$cur"))
    return
  fi
  case \${COMP_WORDS[1]} in
${commands.map(caseOf).join('\n')}
  esac
}

complete -o filenames -o bashdefault -F _pluvio pluvio`;
}
