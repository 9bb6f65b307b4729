import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isReference, originOf, parseReference, referenceText } from './reference.ts';

const DIGEST = `sha256:${'0a'.repeat(32)}`;

describe('a reference', () => {
  it.each([
    ['localhost/pi', { registry: 'localhost', repository: 'pi', tag: 'latest' }],
    [
      'registry.example.org/team/pi:1.2_x-Y',
      { registry: 'registry.example.org', repository: 'team/pi', tag: '1.2_x-Y' },
    ],
    ['oci://127.0.0.1:5000/a__b/c--d:1', { registry: '127.0.0.1:5000', repository: 'a__b/c--d', tag: '1' }],
    [`[::1]:5000/pi@${DIGEST}`, { registry: '[::1]:5000', repository: 'pi', digest: DIGEST }],
    [`a.b/pi:1@${DIGEST}`, { registry: 'a.b', repository: 'pi', tag: '1', digest: DIGEST }],
    [
      `a.b/${'x'.repeat(255)}:${'y'.repeat(128)}`,
      { registry: 'a.b', repository: 'x'.repeat(255), tag: 'y'.repeat(128) },
    ],
  ])('%s', (text, expected) => {
    expect(parseReference(text)).toEqual(expected);
    expect(parseReference(referenceText(parseReference(text)))).toEqual(expected);
  });

  it.each([
    '',
    'pi',
    'pi:1',
    'folder/pi:1',
    'a.b/',
    'a.b/Pi:1',
    'a.b/pi:',
    'a.b/pi:a b',
    'a.b/../pi:1',
    'a.b//pi:1',
    'a.b/pi:1:2',
    'a.b/pi@sha256:00',
    `a.b/pi@${DIGEST}@${DIGEST}`,
    'user@a.b/pi:1',
    'https://a.b/pi:1',
    'a.b?x/pi:1',
    'a.b:123456/pi:1',
    `a.b/${'x'.repeat(256)}:1`,
    `a.b/pi:${'y'.repeat(129)}`,
    `a.b/pi:1${' '.repeat(600)}`,
  ])('%j is none', (text) => {
    expect(() => parseReference(text)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
    expect(isReference(text)).toBe(false);
  });

  it.each([
    ['a.b/pi:1', true],
    [`localhost:5000/pi@${DIGEST}`, true],
    ['oci://a.b/pi', true],
    ['a.b/pi', false],
    ['./a.b/pi:1', false],
    ['build.d/pi.wasm', false],
    ['/tmp/pi.drop', false],
  ])('whether %s can only be meant as one: %s', (text, is) => {
    expect(isReference(text)).toBe(is);
  });

  it('any text is read or refused with a code, soon', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('a', '-', '_', '.', '/', ':', '@', '[', 'B', ' ') }), (text) => {
        try {
          expect(referenceText(parseReference(text))).toContain('/');
        } catch (error) {
          expect(error).toMatchObject({ code: 'INVALID_ARGUMENT' });
        }
      }),
    );
  });
});

it.each([
  ['registry.example.org', false, 'https://registry.example.org'],
  ['registry.example.org', true, 'http://registry.example.org'],
  ['localhost:5000', false, 'http://localhost:5000'],
  ['127.0.0.9', false, 'http://127.0.0.9'],
  ['[::1]:80', false, 'http://[::1]:80'],
  ['localhost.example.org', false, 'https://localhost.example.org'],
  ['docker.io', false, 'https://registry-1.docker.io'],
])('%s (plain: %s) is at %s', (registry, plain, origin) => {
  expect(originOf(registry, plain)).toBe(origin);
});
