/** What a registry asks for when it answers 401 (RFC 9110, section 11.6.1). */

export interface Challenge {
  /** In lower case. */
  readonly scheme: string;
  /** By name in lower case. */
  readonly params: ReadonlyMap<string, string>;
}

const MAX_LENGTH = 8192;
/** A parameter, or a scheme with what may follow it. */
const PART = /\s*,?\s*(?:([A-Za-z0-9_-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))|([A-Za-z0-9_-]+))/y;

/** The challenges of a `WWW-Authenticate` header, also of several headers that were joined. What is no challenge ends the list. */
export function parseChallenges(header: string): readonly Challenge[] {
  const challenges: { scheme: string; params: Map<string, string> }[] = [];
  if (header.length > MAX_LENGTH) return challenges;
  PART.lastIndex = 0;
  for (let match = PART.exec(header); match !== null; match = PART.exec(header)) {
    const [, name, quoted, bare, scheme] = match;
    if (scheme !== undefined) challenges.push({ scheme: scheme.toLowerCase(), params: new Map() });
    else challenges.at(-1)?.params.set((name ?? '').toLowerCase(), bare ?? (quoted ?? '').replace(/\\(.)/g, '$1'));
  }
  return challenges;
}
