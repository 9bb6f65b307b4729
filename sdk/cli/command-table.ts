import { RUN } from './commands/run.ts';
import type { CommandRow } from './command.ts';
import { AUDIT } from './commands/audit.ts';
import { BACKUP } from './commands/backup.ts';
import { BUILD } from './commands/build.ts';
import { CALL } from './commands/call.ts';
import { CANCEL } from './commands/cancel.ts';
import { CHECKPOINT } from './commands/checkpoint.ts';
import { COMPLETION } from './commands/completion.ts';
import { CONFIG } from './commands/config.ts';
import { DELETE } from './commands/delete.ts';
import { DEPLOY } from './commands/deploy.ts';
import { DEV } from './commands/dev.ts';
import { DRAIN } from './commands/drain.ts';
import { EVENTS } from './commands/events.ts';
import { FORK } from './commands/fork.ts';
import { GET } from './commands/get.ts';
import { HISTORY } from './commands/history.ts';
import { INSPECT } from './commands/inspect.ts';
import { LIST } from './commands/list.ts';
import { LOGS } from './commands/logs.ts';
import { MOVE } from './commands/move.ts';
import { NEW } from './commands/new.ts';
import { NODE_COMMAND } from './commands/node.ts';
import { PULL } from './commands/pull.ts';
import { PUSH } from './commands/push.ts';
import { RESTORE } from './commands/restore.ts';
import { RESUME } from './commands/resume.ts';
import { REVERT } from './commands/revert.ts';
import { ROLLBACK } from './commands/rollback.ts';
import { SNAPSHOT } from './commands/snapshot.ts';
import { STOP } from './commands/stop.ts';
import { TEST } from './commands/test.ts';
import { TOKEN } from './commands/token.ts';
import { TOP } from './commands/top.ts';
import { TYPES } from './commands/types.ts';
import { UPDATE } from './commands/update.ts';
import { VERSION } from './commands/version.ts';

/** Every command, in the order of the help. */
export const COMMANDS: readonly CommandRow[] = [
  NEW,
  BUILD,
  TEST,
  DEV,
  DEPLOY,
  TYPES,
  RUN,
  RESUME,
  INSPECT,
  PUSH,
  PULL,
  NODE_COMMAND,
  DRAIN,
  BACKUP,
  RESTORE,
  CONFIG,
  TOKEN,
  AUDIT,
  LIST,
  GET,
  LOGS,
  CALL,
  CANCEL,
  STOP,
  SNAPSHOT,
  CHECKPOINT,
  HISTORY,
  REVERT,
  UPDATE,
  ROLLBACK,
  FORK,
  MOVE,
  DELETE,
  EVENTS,
  TOP,
  COMPLETION,
  VERSION,
];
