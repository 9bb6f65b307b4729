/** Patterns of names: a text, or the beginning of one and `*`. */

export const matchesPattern = (pattern: string, name: string): boolean =>
  pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern;

/** Whether every name that `inner` matches is matched by `outer`, too. */
export const coversPattern = (outer: string, inner: string): boolean =>
  outer.endsWith('*') ? inner.startsWith(outer.slice(0, -1)) : inner === outer;

/** Without a list nothing is excluded. */
export const matchesAny = (patterns: readonly string[] | undefined, name: string): boolean =>
  patterns === undefined || patterns.some((pattern) => matchesPattern(pattern, name));

/** Whether all of `inner` lies in `outer`; without a list that is everything. */
export const coversAll = (outer: readonly string[] | undefined, inner: readonly string[] | undefined): boolean =>
  outer === undefined ||
  (inner !== undefined && inner.every((pattern) => outer.some((wide) => coversPattern(wide, pattern))));
