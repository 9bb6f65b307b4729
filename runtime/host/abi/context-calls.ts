/** Input, output, registers, log, configuration, identity. */
import type { Pending } from '../../engine/pending.ts';
import type { HostCallsOf } from './call-types.ts';
import type { AbiContext } from './context.ts';
import { writeOutput } from './entry-output.ts';
import { fail } from './error-codes.ts';
import type { GuestBuffer } from './guest-bytes.ts';
import { readHttpHead } from './http-data.ts';
import { maskSecrets } from './mask-secrets.ts';
import { LOG_LEVELS } from './types.ts';

const readPart = (bytes: Uint8Array | undefined, buffer: GuestBuffer, offset: number): number =>
  buffer.fill((bytes ?? fail('NOT_FOUND')).subarray(offset));

function log(abi: AbiContext, level: number, message: string, fields: Readonly<Record<string, unknown>>) {
  const name = LOG_LEVELS[level] ?? fail('INVALID');
  const { services, inputs, logRate, waits } = abi;
  const traceparent = inputs.current?.info.traceparent;
  services.log({
    ...maskSecrets({ message, fields }, secretsOf(abi)),
    level: name,
    inputSeq: inputs.numberedSeq,
    ...(traceparent === undefined ? {} : { traceparent }),
  });
  const delayMs = logRate.use(message.length + LOG_ENTRY_BYTES);
  if (delayMs > 0) services.limited?.('logBytesPerSecond');
  return delayMs === 0 ? undefined : waits.delay(0, delayMs);
}

/** Gives what there is to be given of the current body, once it has come as far as that, or has ended. */
function onceThere(abi: AbiContext, offset: number, give: (body: Uint8Array) => number): number | Pending {
  const { inputs, waits } = abi;
  const attempt = (): number | undefined => {
    const { current, openBody } = inputs;
    if (current === undefined) return fail('NOT_FOUND');
    if (openBody?.of !== current || offset < current.body.length) return give(current.body);
    return current.cancelled ? fail('CANCELLED') : undefined;
  };
  const isThere = inputs.openBody === undefined && !waits.isResumed;
  return isThere ? (attempt() ?? 0) : waits.run('body', { begin: () => ({ dueMs: null, number: null }), attempt });
}

/** What an entry counts besides its message. */
const LOG_ENTRY_BYTES = 64;

const secretsOf = ({ services, secretsRead }: AbiContext): string[] =>
  [...secretsRead].flatMap((name) => services.secret(name) ?? []);

export const CONTEXT_CALLS = {
  input_length: (abi) => onceThere(abi, Number.POSITIVE_INFINITY, (body) => body.length),
  input_read: (abi, buffer, offset) => onceThere(abi, offset, (body) => readPart(body, buffer, offset)),
  output_write: ({ inputs, limits, services }, data) => {
    const entry = inputs.entry ?? fail('STATE');
    if (entry.output.sizeBytes + data.length > limits.outputBytes) fail('QUOTA');
    writeOutput(entry, data, services);
    return undefined;
  },
  output_head: ({ inputs }, head) => {
    (inputs.entry ?? fail('STATE')).head = readHttpHead(head);
    return undefined;
  },
  result_length: ({ registers }) => (registers.resultBytes ?? fail('NOT_FOUND')).length,
  result_read: ({ registers }, buffer, offset) => readPart(registers.resultBytes, buffer, offset),
  log,
  config_get: ({ registers, config }, key) =>
    registers.setText(Object.hasOwn(config, key) ? (config[key] ?? '') : fail('NOT_FOUND')),
  secret_get: ({ registers, secretsRead }, name) => {
    const length = registers.setSecret(name) ?? fail('NOT_FOUND');
    secretsRead.add(name);
    return length;
  },
  self_info: ({ registers, self }) => registers.setJson(self),
  caller_info: ({ registers, inputs }) => registers.setJson(inputs.current?.info.caller ?? fail('NOT_FOUND')),
  trace_context: ({ registers, inputs }) => registers.setText(inputs.current?.info.traceparent ?? fail('NOT_FOUND')),
} as const satisfies HostCallsOf<
  | 'input_length'
  | 'input_read'
  | 'output_write'
  | 'output_head'
  | 'result_length'
  | 'result_read'
  | 'log'
  | 'config_get'
  | 'secret_get'
  | 'self_info'
  | 'caller_info'
  | 'trace_context'
>;
