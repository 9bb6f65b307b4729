import { describe, expect, it } from 'vitest';
import { JSON_DEPTH_MAX, parseJsonBody } from './json-body.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const PADDING = ' '.repeat(2000);
const nested = (depth: number): string => PADDING + '['.repeat(depth) + ']'.repeat(depth);
const refused = (problem: string) =>
  expect.objectContaining({ code: 'REQUEST_INVALID', message: expect.stringContaining(problem) as unknown }) as Error;

describe('a JSON body', () => {
  it.each([
    ['{"a":[1,"x",null]}', { a: [1, 'x', null] }],
    ['\ufeff[true]', [true]],
    ['"\\ud800"', '\ud800'],
    [`${PADDING}["${'[{'.repeat(500)}","\\"${'['.repeat(500)}"]`, ['[{'.repeat(500), `"${'['.repeat(500)}`]],
  ])('is what it says: %#', (text, value) => {
    expect(parseJsonBody(bytes(text))).toEqual(value);
  });

  it('may be nested up to the limit', () => {
    let value = parseJsonBody(bytes(nested(JSON_DEPTH_MAX)));
    let depth = 0;
    for (; Array.isArray(value); value = (value as unknown[])[0]) depth++;
    expect(depth).toBe(JSON_DEPTH_MAX);
    expect(() => parseJsonBody(bytes(nested(JSON_DEPTH_MAX + 1)))).toThrowError(refused('within each other'));
    expect(() => parseJsonBody(bytes('{"a":'.repeat(100_000)))).toThrowError(refused('within each other'));
  });

  it.each([
    [bytes('{'), 'is not JSON'],
    [bytes(''), 'is not JSON'],
    [bytes(`${PADDING}"\\`), 'is not JSON'],
    [bytes(`${PADDING}]]]]`), 'is not JSON'],
    [new Uint8Array([0x22, 0xff, 0x22]), 'no valid UTF-8'],
    [new Uint8Array([0xef, 0xbb, 0xbf]), 'is not JSON'],
  ])('is refused if it is none: %#', (body, problem) => {
    expect(() => parseJsonBody(body)).toThrowError(refused(problem));
  });

  it('leaves the bytes around it alone', () => {
    const around = bytes('x[1]y');
    expect(parseJsonBody(around.subarray(1, 4))).toEqual([1]);
  });
});
