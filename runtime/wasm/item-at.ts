import { PluvioError } from '../errors/index.ts';

/**
 * The item at an index that an invariant puts in range.
 * @throws PluvioError `INTERNAL` if it is not
 */
export function itemAt<T>(items: readonly T[], index: number): T {
  const item = items[index];
  if (item === undefined) throw new PluvioError('INTERNAL', `index ${index} is outside of a list of ${items.length}`);
  return item;
}
