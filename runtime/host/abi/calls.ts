import { CONTEXT_CALLS } from './context-calls.ts';
import type { HostCallsOf } from './call-types.ts';
import type { HostCallName } from './host-call-table.ts';
import { MAILBOX_CALLS } from './mailbox-calls.ts';
import { OUTSIDE_CALLS } from './outside-calls.ts';
import { STORAGE_CALLS } from './storage-calls.ts';
import { TIME_CALLS } from './time-calls.ts';

/** What stands behind each row of the table. */
export const CALLS = {
  ...CONTEXT_CALLS,
  ...STORAGE_CALLS,
  ...TIME_CALLS,
  ...MAILBOX_CALLS,
  ...OUTSIDE_CALLS,
} as const satisfies HostCallsOf<HostCallName>;
