import type { CommandRow } from '../command.ts';

export const COMPLETION: CommandRow = {
  name: 'completion',
  summary: 'print a script that completes commands in a shell',
  arguments: [
    { name: '<shell>', description: 'bash, zsh or fish', completes: 'nothing', choices: ['bash', 'zsh', 'fish'] },
  ],
  options: [],
  examples: [
    { command: 'source <(pluvio completion bash)', does: 'in bash, for this session' },
    { command: 'pluvio completion zsh > "${fpath[1]}/_pluvio"', does: 'in zsh, for good' },
    { command: 'pluvio completion fish > ~/.config/fish/completions/pluvio.fish', does: 'in fish, for good' },
  ],
  load: async () => (await import('../completion/completion-action.ts')).completionAction,
};
