/** JSON that a guest passes: an object, not nested deeply, so that whoever gets it can walk it. */
import { fail } from './error-codes.ts';

export type JsonObject = Readonly<Record<string, unknown>>;

export const JSON_DEPTH_MAX = 16;

/** How deep brackets nest, if the text is JSON. */
function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  let inString = false;
  for (let at = 0; at < text.length; at++) {
    const char = text[at];
    if (inString) {
      if (char === '\\') at++;
      else if (char === '"') inString = false;
    } else if (char === '"') inString = true;
    else if (char === '{' || char === '[') deepest = Math.max(deepest, ++depth);
    else if (char === '}' || char === ']') depth--;
  }
  return deepest;
}

/** Empty text is an empty object. @throws AbiFault `INVALID` */
export function parseJsonObject(text: string): JsonObject {
  if (text === '') return {};
  if (depthOf(text) > JSON_DEPTH_MAX) fail('INVALID');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    fail('INVALID');
  }
  return isObject(value) ? value : fail('INVALID');
}

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
