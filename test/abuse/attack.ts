import type { Choices } from '../fuzz/choices.ts';
import type { RawConnection } from './raw-connection.ts';

/**
 * What must come of a request. `due`: a good answer. `refusal`: if there is an answer it is a coded refusal. `any`: if there is an answer it
 * is a good one, or a coded refusal.
 */
export type Due = 'due' | 'refusal' | 'any';

/** What one abusive client works with. */
export interface Arena {
  readonly choices: Choices;
  /** Value of a Host header that the node accepts. */
  readonly hostName: string;
  /** A worker of the node that may be abused. */
  readonly victim: string;
  /** How long slow clients draw things out. */
  readonly slowMs: number;
  /** A new connection; the end of the attack closes it. */
  open(): Promise<RawConnection>;
  /** Takes the next answer of a connection and judges it. `toHead`: it answers a HEAD. */
  expect(connection: RawConnection, due: Due, toHead?: boolean): Promise<void>;
  /** Resolves after that time. */
  pause(ms: number): Promise<void>;
}

/** One way to misbehave. Ends by itself; what it opened is closed for it. */
export type Attack = (arena: Arena) => Promise<void>;

/** The head of a request; `headers` may replace the usual ones. */
export function requestHead(
  { hostName }: Pick<Arena, 'hostName'>,
  method: string,
  path: string,
  headers: Readonly<Record<string, string | number>> = {},
): string {
  const fields = Object.entries({ Host: hostName, ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${method} ${path} HTTP/1.1\r\n${fields.join('')}\r\n`;
}

/** A whole request with a body. */
export function requestWith(
  arena: Pick<Arena, 'hostName'>,
  method: string,
  path: string,
  contentType: string,
  body: string,
): string {
  const headers = { 'Content-Type': contentType, 'Content-Length': Buffer.byteLength(body, 'latin1') };
  return requestHead(arena, method, path, headers) + body;
}

/** Sends a request on a connection of its own and judges the answer. */
export async function ask(arena: Arena, request: string | Uint8Array, due: Due, toHead = false): Promise<void> {
  const connection = await arena.open();
  await connection.send(request);
  await arena.expect(connection, due, toHead);
}

export const JSON_TYPE = 'application/json';
