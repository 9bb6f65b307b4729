import { expect, test } from 'vitest';
import type { Journey } from './journey.ts';
import { compare, summaryOf, tableOf } from './report.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

const journey = (change: Partial<Journey> = {}): Journey => ({
  exitCode: 0,
  stdout: bytes('3.1415'),
  file: bytes('RIFF'),
  moves: [],
  ...change,
});

const bare = { exitCode: 0, stdout: bytes('3.1415'), file: bytes('RIFF') };

test.each([
  ['nothing', {}, []],
  [
    'a byte of standard output',
    { stdout: bytes('3.1425') },
    ['standard output differs from byte 4 on: 6 bytes, not 6'],
  ],
  ['its end', { stdout: bytes('3.14') }, ['standard output differs from byte 4 on: 4 bytes, not 6']],
  ['more than there was', { stdout: bytes('3.14159') }, ['standard output differs from byte 6 on: 7 bytes, not 6']],
  ['the file', { file: bytes('RIFX') }, ['the file differs from byte 3 on: 4 bytes, not 4']],
  ['the exit code', { exitCode: 1 }, ['exit code 1, not 0']],
])('what differs is told: %s', (_, change, differences) => {
  expect(compare('pi', journey(change), bare).differences).toEqual(differences);
});

test('a missing file differs, and an undisturbed run that failed proves nothing', () => {
  const { file: _file, ...without } = journey();
  expect(compare('pi', without, bare).differences).toEqual(['the file differs from byte 0 on: 0 bytes, not 4']);
  expect(compare('pi', journey({ exitCode: 2 }), { ...bare, exitCode: 2 }).differences).toEqual([
    'the undisturbed run ended with exit code 2',
  ]);
});

test('one difference makes the summary fail', () => {
  const same = compare('pi', journey(), bare);
  const other = compare('flite', journey({ exitCode: 1 }), bare);
  expect(summaryOf([same], 1500)).toMatchObject({ ok: true, elapsedMs: 1500 });
  expect(summaryOf([same, other], 1500)).toMatchObject({ ok: false });
  expect(tableOf([same, other])).toMatch(/pi .*yes, every byte\n.*flite .*NO/);
});
