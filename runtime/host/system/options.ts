import { PluvioError } from '../../errors/index.ts';
import type { Files } from '../files/base-tree.ts';
import type { ClockSource, SleepFunction } from './guest-clock.ts';
import type { WasiLimits } from './limits.ts';
import type { OutputFunction } from './output.ts';
import type { StdinSource } from './stdin.ts';

/** Arguments or environment as the guest reads them: strings with their NUL. */
export interface StringList {
  strings: readonly string[];
  encoded: readonly Uint8Array[];
}

/** What a WASI host is made of. Nothing of the machine is reachable that is not given here. */
export interface WasiOptions extends WasiLimits {
  /** Arguments, the program's name first. */
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /**
   * Files that the guest finds at `/`: path to content. The guest may write; what it writes goes to memory above them. Objects and
   * bytes must not be changed afterwards; giving the same object to many workers shares one tree.
   */
  readonly files?: Files;
  /** Instead of `files`: several trees, each with its guest path. Empty: the guest has no files at all. */
  readonly preopens?: Readonly<Record<string, Files>>;
  /** Identity of the contents of `files` or `preopens`, a digest for example; a snapshot is only taken up by a host with the same one. */
  readonly filesId?: string;
  /** Default: empty. A stream is read when the guest wants data, and given back by `close`. */
  readonly stdin?: StdinSource;
  /** Default: what is written is thrown away. */
  readonly stdout?: OutputFunction;
  readonly stderr?: OutputFunction;
  /** Whether the standard streams say that they are terminals, so that a libc writes line by line. Default: true. */
  readonly terminal?: boolean;
  readonly clock?: ClockSource;
  /** Fills all bytes. Default: the platform's cryptographic source. */
  readonly random?: (bytes: Uint8Array) => void;
  readonly sleep?: SleepFunction;
}

const encoder = new TextEncoder();

/**
 * Strings as the guest reads them.
 * @throws PluvioError `INVALID_ARGUMENT`
 */
export function stringList(kind: string, strings: readonly string[]): StringList {
  for (const text of strings) {
    if (typeof text !== 'string' || text.includes('\0') || !text.isWellFormed()) {
      throw new PluvioError(
        'INVALID_ARGUMENT',
        `cannot pass ${kind} ${JSON.stringify(text)}: it must be text without NUL`,
      );
    }
  }
  return { strings: [...strings], encoded: strings.map((text) => encoder.encode(`${text}\0`)) };
}

/**
 * The environment as `NAME=value`, in the order given.
 * @throws PluvioError `INVALID_ARGUMENT`
 */
export function environmentList(env: Readonly<Record<string, string>>): StringList {
  for (const name of Object.keys(env)) {
    if (name === '' || name.includes('=')) {
      throw new PluvioError(
        'INVALID_ARGUMENT',
        `cannot pass environment variable "${name}": its name must be non-empty and without =`,
      );
    }
  }
  return stringList(
    'environment variable',
    Object.entries(env).map(([name, value]) => `${name}=${value}`),
  );
}
