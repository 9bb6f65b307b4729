/** A store without room: by its own limit, by a limit on file sizes, by a full file system. */
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import {
  addWorkers,
  bytes,
  call,
  openTestStore,
  pendingOf,
  testFolder,
} from '../../runtime/node/store/testing/test-stores.ts';

const WRITER = fileURLToPath(new URL('full-writer.ts', import.meta.url));
const MIB = 2 ** 20;

describe('the limit of the database', () => {
  test.each([true, false])('refuses what has no room and nothing else (thread: %s)', async (thread) => {
    const store = await openTestStore({ dataDir: await testFolder(), thread, limits: { databaseBytes: MIB } });
    await addWorkers(store, 'a', 'b');
    const kept: number[] = [];
    let full: unknown;
    while (full === undefined) {
      try {
        kept.push((await store.appendInput('a', call('x'.repeat(50_000)))).seq);
      } catch (error) {
        full = error;
      }
    }
    expect(full).toMatchObject({ code: 'STORE_FULL', status: 507, retryable: true });
    expect((await pendingOf(store, 'a')).length).toBe(kept.length);
    const group = await Promise.allSettled([
      store.appendInput('b', call('small')),
      store.appendInput('b', call('x'.repeat(200_000))),
      store.appendInputs('b', [call('small'), call('x'.repeat(200_000))]),
      store.appendInput('b', call('small too')),
    ]);
    expect(
      group.map((one) => (one.status === 'fulfilled' ? one.value : (one.reason as { code: string }).code)),
    ).toEqual([{ seq: 1 }, 'STORE_FULL', 'STORE_FULL', { seq: 2 }]);
    expect(await pendingOf(store, 'b')).toEqual(['1 small', '2 small too']);
    await store.commit('b', { settled: [{ seq: 1, outcome: bytes('o') }], coveredSeq: 1 });
    await store.collection('workers').delete('a');
    expect(await store.appendInput('b', call('x'.repeat(200_000)))).toEqual({ seq: 3 });
  });
});

interface Told {
  readonly acknowledged: readonly { readonly key: string; readonly seq: number }[];
  readonly code: string | undefined;
  readonly known: number | undefined;
}

/** Runs the writer in a shell that has prepared what it must run in. */
async function fill(prepare: string, folder: string): Promise<Told> {
  const script = `${prepare} exec "$0" "$@"`;
  const child = spawn('bash', ['-c', script, process.execPath, WRITER, folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines: Record<string, unknown>[] = [];
  for await (const line of createInterface({ input: child.stdout }))
    lines.push(JSON.parse(line) as Record<string, unknown>);
  return {
    acknowledged: lines.filter((line): line is { key: string; seq: number } => 'key' in line),
    code: lines.find((line) => 'code' in line)?.['code'] as string | undefined,
    known: lines.find((line) => 'known' in line)?.['known'] as number | undefined,
  };
}

async function expectKept(folder: string, { acknowledged, code, known }: Told): Promise<void> {
  expect(acknowledged.length).toBeGreaterThan(5);
  expect(code).toBe('STORE_FULL');
  expect(known).toBe(1);
  const store = await openTestStore({ dataDir: folder, thread: false, onDamage: 'refuse' });
  for (const { key, seq } of acknowledged) expect(await store.outcomeOf('a', key)).toEqual({ seq, outcome: null });
  expect((await store.journalState('a'))?.lastSeq).toBe(acknowledged.length);
}

test('a limit on the size of files keeps what was acknowledged', async () => {
  const folder = await testFolder();
  await expectKept(folder, await fill('ulimit -f 1500;', folder));
});

describe('a file system', () => {
  const mounted: string[] = [];
  afterAll(() => {
    for (const folder of mounted) spawnSync('umount', [folder]);
  });

  test('that is full keeps what was acknowledged', async ({ skip }) => {
    const folder = join(await testFolder(), 'small');
    mkdirSync(folder);
    const mount = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', folder]);
    if (mount.status !== 0) return skip('this system does not let the test mount a small file system');
    mounted.push(folder);
    const told = await fill('', folder);
    const copy = await testFolder();
    expect(spawnSync('cp', ['-r', `${folder}/store`, copy]).status).toBe(0);
    spawnSync('umount', [folder]);
    await expectKept(copy, told);
  });
});
