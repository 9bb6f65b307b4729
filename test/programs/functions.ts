import type { TextFeature } from './assemble-text.ts';
import type { Expected } from './corpus.ts';

/** A row of the table of function programs. */
export interface FunctionRow {
  readonly name: string;
  /** The text module, if not of the same name. */
  readonly file?: string;
  readonly features?: readonly TextFeature[];
  readonly args: readonly unknown[];
  readonly expected: Expected;
}

export const FUNCTIONS: readonly FunctionRow[] = [];
