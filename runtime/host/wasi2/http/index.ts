/** wasi:http */
import type { InterfaceOf } from '../context.ts';
import { FIELD_FUNCTIONS } from './http-fields.ts';
import { INCOMING_FUNCTIONS } from './http-incoming.ts';
import { HANDLER_FUNCTIONS, OUTGOING_FUNCTIONS } from './http-outgoing.ts';

export const HTTP_INTERFACES = {
  'wasi:http/types@0.2': (wasi) => ({
    ...FIELD_FUNCTIONS(wasi),
    ...INCOMING_FUNCTIONS(wasi),
    ...OUTGOING_FUNCTIONS(wasi),
  }),
  'wasi:http/outgoing-handler@0.2': (wasi) => HANDLER_FUNCTIONS(wasi),
} as const satisfies Record<string, InterfaceOf>;

/** The export that answers requests. */
export const HANDLER_EXPORT = 'wasi:http/incoming-handler@0.2#handle';
