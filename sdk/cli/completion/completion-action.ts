import { loadCommands } from '../command-table.ts';
import type { CommandAction } from '../command.ts';
import { printLine } from '../terminal.ts';
import { bashScript } from './bash.ts';
import { completionTable } from './completion-table.ts';
import { fishScript } from './fish.ts';
import { zshScript } from './zsh.ts';

const SCRIPTS = { bash: bashScript, zsh: zshScript, fish: fishScript } as const;

export const completionAction: CommandAction = async ({ args: [shell = 'bash'] }) => {
  const script = SCRIPTS[shell as keyof typeof SCRIPTS]; // the parser takes only these
  printLine(script(completionTable(await loadCommands())));
  return 0;
};
