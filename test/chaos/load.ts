import { PluvioError } from '../../runtime/errors/index.ts';
import type { Choices } from '../fuzz/choices.ts';
import type { ManifestFields } from '../node/guests.ts';
import type { Book } from './book.ts';
import type { Fleet } from './fleet.ts';

/** What a load works on. */
export interface LoadOptions {
  readonly fleet: Fleet;
  readonly choices: Choices;
  /** Names of workers begin with it. */
  readonly name: string;
  /** Fields of their manifest. */
  readonly fields: ManifestFields;
}

/** Something that is done to workers, step by step, and looked after at the end. */
export interface Load {
  readonly books: readonly Book[];
  /** Requests that were answered well, and steps that were not, by what they were. */
  readonly acknowledged: Readonly<Record<string, number>>;
  readonly refused: Readonly<Record<string, number>>;
  /** What the step is about and what was answered last, for people. */
  readonly doing: string;
  /** One step; codes are answers, and what they leave in doubt stays so. */
  step(): Promise<void>;
  /** Compares what the nodes have with what was acknowledged; all of them must be up, and stay so. */
  audit(): Promise<void>;
}

export const isCoded = (error: unknown): error is PluvioError => error instanceof PluvioError;

const PAUSE_MS = 50;
export const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, PAUSE_MS));

/** Counts of things by name. */
export function addTo(counts: Record<string, number>, what: string): void {
  counts[what] = (counts[what] ?? 0) + 1;
}

/** Each name as often as its weight says. */
export const weighted = <Name extends string>(weights: Readonly<Partial<Record<Name, number>>>): readonly Name[] =>
  (Object.entries(weights) as [Name, number][]).flatMap(([name, weight]) => Array<Name>(weight).fill(name)); // keys of the record

/** Eight counts of a byte each, the first one lowest. */
export const countsOf = (packed: bigint): readonly number[] =>
  Array.from({ length: 8 }, (_, at) => Number((BigInt.asUintN(64, packed) >> BigInt(8 * at)) & 0xffn));
