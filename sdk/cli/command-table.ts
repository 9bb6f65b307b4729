/** The commands. A command that runs loads its own row alone: most rows bring with them what they do. */
import type { CommandRow } from './command.ts';

/** How each row is loaded, by the command's name, in the order of the help. */
const ROWS = {
  new: async () => (await import('./commands/new.ts')).NEW,
  build: async () => (await import('./commands/build.ts')).BUILD,
  test: async () => (await import('./commands/test.ts')).TEST,
  dev: async () => (await import('./commands/dev.ts')).DEV,
  deploy: async () => (await import('./commands/deploy.ts')).DEPLOY,
  types: async () => (await import('./commands/types.ts')).TYPES,
  run: async () => (await import('./commands/run.ts')).RUN,
  resume: async () => (await import('./commands/resume.ts')).RESUME,
  inspect: async () => (await import('./commands/inspect.ts')).INSPECT,
  push: async () => (await import('./commands/push.ts')).PUSH,
  pull: async () => (await import('./commands/pull.ts')).PULL,
  node: async () => (await import('./commands/node.ts')).NODE_COMMAND,
  drain: async () => (await import('./commands/drain.ts')).DRAIN,
  backup: async () => (await import('./commands/backup.ts')).BACKUP,
  restore: async () => (await import('./commands/restore.ts')).RESTORE,
  config: async () => (await import('./commands/config.ts')).CONFIG,
  token: async () => (await import('./commands/token.ts')).TOKEN,
  audit: async () => (await import('./commands/audit.ts')).AUDIT,
  list: async () => (await import('./commands/list.ts')).LIST,
  get: async () => (await import('./commands/get.ts')).GET,
  logs: async () => (await import('./commands/logs.ts')).LOGS,
  call: async () => (await import('./commands/call.ts')).CALL,
  cancel: async () => (await import('./commands/cancel.ts')).CANCEL,
  stop: async () => (await import('./commands/stop.ts')).STOP,
  snapshot: async () => (await import('./commands/snapshot.ts')).SNAPSHOT,
  checkpoint: async () => (await import('./commands/checkpoint.ts')).CHECKPOINT,
  history: async () => (await import('./commands/history.ts')).HISTORY,
  revert: async () => (await import('./commands/revert.ts')).REVERT,
  update: async () => (await import('./commands/update.ts')).UPDATE,
  rollback: async () => (await import('./commands/rollback.ts')).ROLLBACK,
  fork: async () => (await import('./commands/fork.ts')).FORK,
  move: async () => (await import('./commands/move.ts')).MOVE,
  delete: async () => (await import('./commands/delete.ts')).DELETE,
  events: async () => (await import('./commands/events.ts')).EVENTS,
  top: async () => (await import('./commands/top.ts')).TOP,
  completion: async () => (await import('./commands/completion.ts')).COMPLETION,
  version: async () => (await import('./commands/version.ts')).VERSION,
} as const satisfies Readonly<Record<string, () => Promise<CommandRow>>>;

type CommandName = keyof typeof ROWS;

const isCommand = (name: string): name is CommandName => Object.hasOwn(ROWS, name);

/** The row of a command; all of them where there is none of that name. */
export async function loadRows(name: string | undefined): Promise<readonly CommandRow[]> {
  return name !== undefined && isCommand(name) ? [await ROWS[name]()] : loadCommands();
}

/** Every command, in the order of the help. */
export const loadCommands = (): Promise<readonly CommandRow[]> =>
  Promise.all(Object.values(ROWS).map((load) => load()));
