import type { CompletedCommand, CompletedOption, CompletedValue } from './completion-table.ts';

const quoted = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

/** What completes a value: files are fish's own way. */
function valueOf({ completes, choices }: CompletedValue): string {
  if (choices.length > 0) return ` -f -a ${quoted(choices.join(' '))}`;
  return {
    file: ' -F',
    directory: " -f -a '(__fish_complete_directories)'",
    worker: " -f -a '(__pluvio_workers)'",
    nothing: ' -f',
  }[completes];
}

function optionLine(command: string, { flags, description, value }: CompletedOption): string {
  const names = flags.map((flag) => (flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`)).join(' ');
  const tail = value === undefined ? '' : ` -r${valueOf(value)}`;
  return `complete -c pluvio -n '__fish_seen_subcommand_from ${command}' ${names} -d ${quoted(description)}${tail}`;
}

function linesOf({ name, summary, options, arguments: args }: CompletedCommand): string[] {
  const values = args.map(
    (argument) => `complete -c pluvio -n '__fish_seen_subcommand_from ${name}'${valueOf(argument)}`,
  );
  return [
    `complete -c pluvio -n __fish_use_subcommand -f -a ${name} -d ${quoted(summary)}`,
    ...options.map((option) => optionLine(name, option)),
    ...new Set(values),
  ];
}

/** A script for fish. */
export function fishScript(commands: readonly CompletedCommand[]): string {
  return [
    '# Completion of pluvio for fish.',
    'function __pluvio_workers',
    '  pluvio list --quiet 2>/dev/null',
    'end',
    'complete -c pluvio -f',
    ...commands.flatMap(linesOf),
  ].join('\n');
}
