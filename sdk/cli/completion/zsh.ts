import type { CompletedCommand, CompletedOption, CompletedValue } from './completion-table.ts';

/** Text inside single quotes, for `_arguments`, where brackets and colons mean something. */
const quoted = (text: string): string =>
  text
    .replaceAll('\\', '\\\\')
    .replaceAll("'", `'\\''`)
    .replaceAll('[', '\\[')
    .replaceAll(']', '\\]')
    .replaceAll(':', '\\:');

function actionOf({ completes, choices }: CompletedValue): string {
  if (choices.length > 0) return `(${choices.join(' ')})`;
  return { file: '_files', directory: '_files -/', worker: '_pluvio_workers', nothing: ' ' }[completes];
}

function optionOf({ flags, description, value }: CompletedOption): string[] {
  const tail = value === undefined ? '' : `:value:${actionOf(value)}`;
  return flags.map((flag) => `'*${flag}[${quoted(description)}]${tail}'`);
}

function caseOf(command: CompletedCommand): string {
  const last = command.arguments.length - 1;
  const places = command.arguments.map((argument, index) => {
    const position = index === last && command.isOpen ? '*' : String(index + 1);
    return `'${position}:argument:${actionOf(argument)}'`;
  });
  const specs = [...command.options.flatMap(optionOf), ...places];
  return `    ${command.name})\n      _arguments -s ${specs.map((spec) => `\\\n        ${spec}`).join(' ')} ;;`;
}

/** A script for zsh, to be a file \`_pluvio\` on the fpath or to be sourced. */
export function zshScript(commands: readonly CompletedCommand[]): string {
  const names = commands.map(({ name, summary }) => `    '${name}:${quoted(summary)}'`).join('\n');
  return `#compdef pluvio
# Completion of pluvio for zsh.
_pluvio_workers() {
  local -a workers
  workers=(\${(f)"$(pluvio list --quiet 2>/dev/null)"})
  compadd -a workers
}

_pluvio() {
  local -a commands
  commands=(
${names}
  )
  if ((CURRENT == 2)); then
    _describe command commands
    return
  fi
  local name=$words[2]
  shift words
  ((CURRENT--))
  case $name in
${commands.map(caseOf).join('\n')}
  esac
}

if [[ $funcstack[1] == _pluvio ]]; then
  _pluvio "$@"
else
  compdef _pluvio pluvio
fi`;
}
