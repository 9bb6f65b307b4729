/** What a row of the command table is made of. Help, parsing and shell completion derive from it. */

/** What a shell offers for a value. */
export type Completes = 'file' | 'directory' | 'worker' | 'nothing';

export interface ArgumentRow {
  /** As in help: `<name>` is required, `[name]` optional, `[name...]` takes the rest. */
  readonly name: string;
  readonly description: string;
  readonly completes: Completes;
  /** Values among which one must be. */
  readonly choices?: readonly string[];
}

export interface OptionRow {
  /** As in help: `-f, --follow`, `--env <NAME=VALUE>`. */
  readonly flags: string;
  readonly description: string;
  /** May be given several times. */
  readonly repeatable?: boolean;
  readonly completes?: Completes;
  readonly choices?: readonly string[];
}

/** Values of options by their long name in camel case. */
export type OptionValues = Readonly<Record<string, string | boolean | readonly string[] | undefined>>;

export interface CommandInput {
  readonly args: readonly string[];
  readonly options: OptionValues;
}

/** Does the work; gives the exit code. */
export type CommandAction = (input: CommandInput) => Promise<number>;

export interface ExampleRow {
  readonly command: string;
  readonly does: string;
}

export interface CommandRow {
  readonly name: string;
  readonly summary: string;
  /** Further paragraphs of its help. */
  readonly details?: string;
  readonly arguments: readonly ArgumentRow[];
  readonly options: readonly OptionRow[];
  readonly examples: readonly ExampleRow[];
  /** What follows the first argument belongs to the guest, also when it looks like an option. */
  readonly passThrough?: boolean;
  /** Numbers below zero are arguments and no options, also `-2n`. */
  readonly takesNumbers?: boolean;
  /** Imports what the command needs, so that no command pays for another. */
  readonly load: () => Promise<CommandAction>;
}

/** Exit codes of the command line; `run` gives the guest's own code besides. */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  /** A trap or a limit ended the guest: 128 + SIGABRT, as other runners of WebAssembly do. */
  trapped: 134,
  interrupted: 130,
  /** Nobody reads the output any more: 128 + SIGPIPE. */
  outputClosed: 141,
} as const;
