import { expect, test } from 'vitest';
import { Progress } from './progress.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

test('a part of the output is reached with its last line', async () => {
  const progress = new Progress(10);
  let reached = false;
  const half = progress.reach(0.5).then(() => (reached = true));
  progress.add(bytes('1\n2\n3\n'));
  progress.add(bytes('4\n5'));
  await Promise.resolve();
  expect([reached, progress.fraction]).toEqual([false, 0.4]);
  progress.add(bytes('\n'));
  await half;
  expect([reached, progress.fraction]).toEqual([true, 0.5]);
  expect(Buffer.from(progress.stdout).toString()).toBe('1\n2\n3\n4\n5\n');
});

test('what is not reached when the output ends is an error', async () => {
  const progress = new Progress(4);
  const rest = progress.reach(1);
  progress.add(bytes('1\n2\n3\n'));
  progress.end();
  await expect(rest).rejects.toThrow('the output ended after 3 of 4 lines');
  await expect(progress.reach(0.75)).resolves.toBeUndefined();
});

test('more lines than announced are no more than everything', () => {
  const progress = new Progress(1);
  progress.add(bytes('1\n2\n'));
  expect(progress.fraction).toBe(1);
});
