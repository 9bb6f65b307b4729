/** The command table as completion needs it. */
import type { CommandRow, Completes } from '../command.ts';

export interface CompletedValue {
  readonly completes: Completes;
  readonly choices: readonly string[];
}

export interface CompletedOption {
  /** As typed: `-f`, `--follow`. */
  readonly flags: readonly string[];
  readonly description: string;
  /** What follows it; undefined: nothing. */
  readonly value: CompletedValue | undefined;
}

export interface CompletedCommand {
  readonly name: string;
  readonly summary: string;
  readonly options: readonly CompletedOption[];
  /** One per argument; the last one also for those that follow, if `isOpen`. */
  readonly arguments: readonly CompletedValue[];
  readonly isOpen: boolean;
}

const HELP: CompletedOption = { flags: ['-h', '--help'], description: 'explain the command', value: undefined };

export function completionTable(rows: readonly CommandRow[]): CompletedCommand[] {
  const commands = rows.map(({ name, summary, options, arguments: args }) => ({
    name,
    summary,
    options: [
      ...options.map(({ flags, description, completes = 'nothing', choices = [] }) => ({
        flags: flags.match(/(?<![\w-])--?[a-z][a-z-]*/g) ?? [],
        description,
        value: /[<[]/.test(flags) ? { completes, choices } : undefined,
      })),
      HELP,
    ],
    arguments: args.map(({ completes, choices = [] }) => ({ completes, choices })),
    isOpen: args.some((arg) => arg.name.includes('...')),
  }));
  const names = { completes: 'nothing', choices: rows.map(({ name }) => name) } as const;
  return [...commands, { name: 'help', summary: 'explain a command', options: [], arguments: [names], isOpen: false }];
}
