/** How the end of a guest is told, and which exit code stands for it. */
import type { Outcome, TraceFrame } from '../../../runtime/engine/types.ts';
import { EXIT } from '../command.ts';
import { reportGuest } from '../failure.ts';
import { note } from '../terminal.ts';

export function exitCodeOf(outcome: Outcome): number {
  switch (outcome.kind) {
    case 'returned':
      return EXIT.ok;
    case 'exited':
      return outcome.code & 0xff;
    case 'trapped':
    case 'limit':
      return EXIT.trapped;
    case 'stopped':
      return EXIT.failed;
  }
}

/** `3: inner (function 12) at pc 0x4a`, as far as it is known. */
export function frameText(position: number, { func, name, pc }: TraceFrame): string {
  const at = pc === undefined ? '' : ` at pc 0x${pc.toString(16)}`;
  return `  ${String(position).padStart(2)}: ${name === undefined ? `function ${func}` : `${name} (function ${func})`}${at}`;
}

/** Tells on standard error why a guest did not end by itself. @param worker The one that it is on a node, which has its log */
export function reportOutcome(outcome: Outcome, what: string, worker?: string): void {
  if (outcome.kind === 'trapped') {
    const hint = worker === undefined ? undefined : `\`pluvio logs ${worker}\` has what it wrote`;
    reportGuest('TRAPPED', `${what} trapped: ${outcome.code} (${outcome.message})`, hint);
    outcome.frames.forEach((frame, position) => note(frameText(position, frame)));
  } else if (outcome.kind === 'limit') {
    reportGuest('LIMIT_REACHED', `${what} reached its limit ${outcome.limit}`, LIMIT_HINTS[outcome.limit]);
  } else if (outcome.kind === 'stopped') {
    reportGuest('STOPPED', `${what} was stopped before its end`, 'it goes on with `pluvio resume`');
  }
}

const LIMIT_HINTS = {
  fuel: 'give more with --fuel',
  wallClockMs: 'give more time with --timeout',
  stackDepth: 'allow a deeper stack with --stack-depth',
} as const;

/** A value of WebAssembly's JavaScript interface as text. */
export function valueText(value: unknown): string {
  if (Object.is(value, -0)) return '-0';
  if (typeof value === 'number' || typeof value === 'bigint') return value.toString();
  if (value === null || value === undefined) return 'null';
  if (typeof value === 'function') return '(reference)';
  return JSON.stringify(value, plainJson);
}

/** What JSON lacks: wide integers as digits, bytes as numbers. */
const plainJson = (_: string, value: unknown): unknown =>
  typeof value === 'bigint' ? value.toString() : value instanceof Uint8Array ? [...value] : value;

/** A value as JSON: i64 as a decimal string, numbers that JSON lacks by name. */
export function valueJson(value: unknown): unknown {
  if (typeof value === 'object' && value !== null) return JSON.parse(JSON.stringify(value, plainJson)) as unknown;
  if (typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value !== 'number') return valueText(value);
  return Number.isFinite(value) && !Object.is(value, -0) ? value : valueText(value);
}

/** An outcome as plain JSON data. */
export function outcomeJson(outcome: Outcome): unknown {
  if (outcome.kind === 'returned') return { kind: outcome.kind, values: outcome.values.map(valueJson) };
  if (outcome.kind !== 'trapped') return outcome;
  const { kind, code, message, frames } = outcome;
  return {
    kind,
    code,
    message,
    frames: frames.map(({ func, name, pc }) => ({ func, name: name ?? null, pc: pc ?? null })),
  };
}
