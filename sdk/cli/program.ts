/** The command table as a parser (commander), with help. */
import { Argument, Command, CommanderError, Option } from 'commander';
import { loadRows } from './command-table.ts';
import { type ArgumentRow, type CommandRow, EXIT, type OptionRow, type OptionValues } from './command.ts';
import { UsageError } from './usage-error.ts';
import { NODE_VERSION } from '../../runtime/node/version.ts';

function optionOf(row: OptionRow): Option {
  const option = new Option(row.flags, row.description);
  if (row.repeatable === true) {
    option.argParser((value: string, before: readonly string[] | undefined) => [...(before ?? []), value]);
  }
  return row.choices === undefined ? option : option.choices(row.choices);
}

function argumentOf(row: ArgumentRow): Argument {
  const argument = new Argument(row.name, row.description);
  return row.choices === undefined ? argument : argument.choices(row.choices);
}

const examplesText = ({ examples }: CommandRow): string =>
  ['', 'Examples:', ...examples.flatMap(({ command, does }) => [`  # ${does}`, `  $ ${command}`])].join('\n');

/** A number below zero where it is an argument, marked so that the parser takes it for no option; no argument of a process has this. */
const MARK = '\0';
const BELOW_ZERO = /^-(?:\.?\d|Infinity$)/;

const marked = (argv: readonly string[], rows: readonly CommandRow[]): readonly string[] =>
  rows.some(({ name, takesNumbers }) => name === argv[0] && takesNumbers === true)
    ? argv.map((arg) => (BELOW_ZERO.test(arg) ? `${MARK}${arg}` : arg))
    : argv;

const unmarked = <Value>(value: Value): Value | string =>
  typeof value === 'string' && value.startsWith(MARK) ? value.slice(MARK.length) : value;

/** A mistake that names no way out is told with the command's own help. */
function withHint(error: unknown, command: string): unknown {
  if (!(error instanceof UsageError) || error.hint !== undefined) return error;
  return new UsageError(error.message, `\`pluvio help ${command}\` explains it`);
}

function addCommand(program: Command, row: CommandRow, done: (exitCode: number) => void): void {
  const command = program
    .command(row.name)
    .summary(row.summary)
    .description(row.details === undefined ? row.summary : `${row.summary}\n\n${row.details}`)
    .addHelpText('after', examplesText(row));
  for (const argument of row.arguments) command.addArgument(argumentOf(argument));
  for (const option of row.options) command.addOption(optionOf(option));
  if (row.passThrough === true) command.passThroughOptions();
  command.action(async () => {
    const action = await row.load();
    const args = command.processedArgs
      .flat()
      .filter((arg): arg is string => typeof arg === 'string')
      .map(unmarked);
    const given = Object.entries(command.opts<OptionValues>()).map(([name, value]) => [name, unmarked(value)] as const);
    try {
      done(await action({ args, options: Object.fromEntries(given) }));
    } catch (error) {
      throw withHint(error, row.name);
    }
  });
}

/** `help NAME` of a name that is no command is that mistake: the parser alone would show all of the help, as if nothing were wrong. */
function askedHelp(argv: readonly string[], rows: readonly CommandRow[]): readonly string[] {
  const [first, name] = argv;
  const isUnknown = name !== undefined && /^\w/.test(name) && !rows.some((row) => row.name === name);
  return first === 'help' && isUnknown ? [name] : argv;
}

/** Codes of commander that stand for what was asked for, not for a mistake. */
const ASKED_FOR: readonly string[] = ['commander.helpDisplayed', 'commander.version'];

/**
 * Parses the arguments and runs the command.
 * @throws what the command throws; mistakes in the arguments are told here and give EXIT.usage
 */
export async function runProgram(argv: readonly string[]): Promise<number> {
  let exitCode: number = EXIT.ok;
  const rows = await loadRows(argv[0]);
  const program = new Command('pluvio')
    .description('Stops any running WebAssembly program, ships it, and lets it continue where it was.')
    .version(NODE_VERSION, '-V, --version', 'print the version')
    .helpCommand('help [command]', 'explain a command')
    .enablePositionalOptions()
    .showSuggestionAfterError()
    .showHelpAfterError('hint: `pluvio help` lists the commands')
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'error[USAGE]: ')) })
    .exitOverride();
  for (const row of rows) {
    addCommand(program, row, (code) => {
      exitCode = code;
    });
  }
  for (const command of program.commands) {
    command.copyInheritedSettings(program).showHelpAfterError(`hint: \`pluvio help ${command.name()}\` explains it`);
  }
  try {
    await program.parseAsync(marked(askedHelp(argv, rows), rows), { from: 'user' });
    return exitCode;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return ASKED_FOR.includes(error.code) || (error.code === 'commander.help' && error.exitCode === 0)
      ? EXIT.ok
      : EXIT.usage;
  }
}
