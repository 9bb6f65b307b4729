/**
 * WASI 0.1 programs in components, run as WASI 0.2 with the adapter that they have: the adapter, the host's functions and the program as one
 * module. (Without `keepAdapter` the adapter is left out; commands.test.ts.)
 */
import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { createWorker, type GuestOptions, loadModule, type Outcome, restoreWorker } from '../../runtime/index.ts';
import { COMMANDS, type CommandRow } from '../programs/commands.ts';
import { ADAPTER_BYTES, liftCommand } from './tools.ts';

if (ADAPTER_BYTES === undefined && process.env['CI'] === 'true') throw new Error('npm has no adapter for components');
const test = it.skipIf(ADAPTER_BYTES === undefined);

/**
 * Its C library takes the memory that the adapter has got for itself, as soon as its own is used up: it fails on every host. With the
 * adapter left out, it does not.
 */
const FAILS_WITH_ADAPTER: readonly string[] = ['churn'];
/** What `wasi:cli/exit` makes of any code but 0. */
const FAILED = 1;

const rows = COMMANDS.filter(({ name }) => !FAILS_WITH_ADAPTER.includes(name));
const placeOf = ({ name, folder = `${name}/` }: CommandRow): URL =>
  new URL(`../programs/${folder}${name}`, import.meta.url);

const expectedOf = ({ name }: CommandRow): URL => new URL(`../programs/${name}/${name}.expected`, import.meta.url);

const loadAdapted = async (row: CommandRow) =>
  loadModule(await liftCommand(new Uint8Array(await readFile(`${placeOf(row).pathname}.wasm`))), { keepAdapter: true });

/** Where its output goes, and what it is told. */
function optionsOf({ name, args = [], stdin = '' }: CommandRow): { options: GuestOptions; text: () => string } {
  const pieces: Uint8Array[] = [];
  const stdout = (bytes: Uint8Array): void => void pieces.push(bytes.slice());
  return {
    options: { wasi: { args: [`${name}.wasm`, ...args], stdin, stdout } },
    text: () => Buffer.concat(pieces).toString(),
  };
}

const endOf = ({ exitCode = 0 }: CommandRow): Outcome => ({ kind: 'exited', code: exitCode === 0 ? 0 : FAILED });

test.each(rows.map((row) => [row.name, row] as const))('%s runs as it does without', async (_, row) => {
  const { options, text } = optionsOf(row);
  const worker = await createWorker(await loadAdapted(row), options);
  expect(await worker.start()).toEqual(endOf(row));
  expect(text()).toBe(await readFile(expectedOf(row), 'utf8'));
});

/** Safepoints between two stops: a prime, so that the stops are not always at the same ones. */
const STRIDE = 37;
const STOPPED = ['recursion', 'wordcount', 'answer', 'format', 'life', 'lz'];

test.each(rows.filter(({ name }) => STOPPED.includes(name)).map((row) => [row.name, row] as const))(
  '%s is stopped again and again, each time taken up from bytes',
  async (_, row) => {
    const module = await loadAdapted(row);
    const { options, text } = optionsOf(row);
    let left = 1;
    const onPoll = () => (--left === 0 ? ('stop' as const) : ('go on' as const));
    let worker = await createWorker(module, { ...options, onPoll });
    let outcome = await worker.start();
    let stops = 0;
    for (; outcome.kind === 'stopped'; stops++) {
      left = STRIDE + stops;
      worker = await restoreWorker(module, worker.snapshot(), { ...options, onPoll });
      outcome = await worker.resume();
    }
    expect(stops).toBeGreaterThan(5);
    expect(outcome).toEqual(endOf(row));
    expect(text()).toBe(await readFile(expectedOf(row), 'utf8'));
  },
);
