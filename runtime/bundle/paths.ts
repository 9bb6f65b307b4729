/** Paths of a bundle's files: relative, of plain segments, each once. */
import { PluvioError } from '../errors/index.ts';

const MAX_PATH_BYTES = 1024;
const MAX_SEGMENT_BYTES = 255;
const utf8 = new TextEncoder();

interface PathRule {
  readonly expected: string;
  readonly holds: (path: string) => boolean;
}

const segments = (path: string): string[] => path.split('/');

/** Control characters (C0, C1 and DEL) and the backslash, which some systems take as a separator. */
const FORBIDDEN = /[\u0000-\u001f\u007f-\u009f\\]/;

const PATH_RULES: readonly PathRule[] = [
  { expected: 'not empty', holds: (path) => path !== '' },
  { expected: 'well-formed Unicode', holds: (path) => path.isWellFormed() },
  { expected: `at most ${MAX_PATH_BYTES} bytes`, holds: (path) => utf8.encode(path).length <= MAX_PATH_BYTES },
  { expected: 'without control characters and backslashes', holds: (path) => !FORBIDDEN.test(path) },
  { expected: 'relative', holds: (path) => !path.startsWith('/') && !/^[A-Za-z]:/.test(path) },
  { expected: 'without empty segments', holds: (path) => !segments(path).includes('') },
  {
    expected: "without the segments '.' and '..'",
    holds: (path) => !segments(path).some((part) => /^\.{1,2}$/.test(part)),
  },
  {
    expected: `of segments of at most ${MAX_SEGMENT_BYTES} bytes`,
    holds: (path) => segments(path).every((part) => utf8.encode(part).length <= MAX_SEGMENT_BYTES),
  },
];

/** The rule that a path breaks; undefined: none. */
export const brokenPathRule = (path: string): string | undefined =>
  PATH_RULES.find((rule) => !rule.holds(path))?.expected;

/**
 * Checks the paths of all files of a bundle together: no path twice, none below another file.
 * @throws PluvioError `BUNDLE_PATH`
 */
export function checkPaths(paths: Iterable<string>): void {
  const files = new Set<string>();
  for (const path of paths) {
    const broken = brokenPathRule(path);
    if (broken !== undefined) throw pathError(path, `must be ${broken}`);
    if (files.has(path)) throw pathError(path, 'must be there once, and is there twice');
    files.add(path);
  }
  for (const path of files) {
    const parts = segments(path);
    for (let count = 1; count < parts.length; count++) {
      const folder = parts.slice(0, count).join('/');
      if (files.has(folder)) throw pathError(path, `must not lie below ${JSON.stringify(folder)}, which is a file`);
    }
  }
}

const pathError = (path: string, rule: string): PluvioError =>
  new PluvioError('BUNDLE_PATH', `bundle file ${JSON.stringify(path.slice(0, 256))} ${rule}`, {
    path: path.slice(0, 256),
  });
