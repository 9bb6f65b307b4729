/** A component called with texts and lists, which asks its host in between: run, stopped at every safepoint, moved. */
import { describe, expect, it } from 'vitest';
import {
  createWorker,
  forkWorker,
  type GuestOptions,
  type Imports,
  type LoadedModule,
  loadModule,
  pending,
  restoreWorker,
} from '../../runtime/index.ts';
import { greeter } from './greeter.ts';

const WORDS = 'example:host/words@1.0.0';
const imports = (greeting: (name: string) => unknown): Imports => ({ [WORDS]: { greeting } });
const HELLO = imports((name) => `Hello of ${name.length} to `);
const GREETED = { kind: 'returned', values: ['Hello of 3 to Ada'] };

const module = loadModule(await greeter());

describe('a component', () => {
  it('takes and gives values of the component model', async () => {
    const worker = await createWorker(await module, { imports: HELLO });
    expect(await worker.call('greet', ['Ada'])).toEqual(GREETED);
    const long = 'é'.repeat(100_000);
    expect(await worker.call('greet', [long])).toEqual({ kind: 'returned', values: [`Hello of 100000 to ${long}`] });
    expect(await worker.call('sum', [[1n, -5, 2n ** 60n]])).toEqual({ kind: 'returned', values: [2n ** 60n - 4n] });
    expect(await worker.call('sum', [[]])).toEqual({ kind: 'returned', values: [0n] });
    expect((await module).exports.map(({ name }) => name)).toEqual(['greet', 'sum', 'count', 'failing']);
  });

  it.each([
    ['greet', 'argument 0 (name) is missing; it must be string', []],
    ['greet', 'argument 0 (name) is 5; it must be string', [5]],
    ['greet', 'there are 2 arguments; the function takes 1: (name)', ['a', 'b']],
    ['sum', 'argument 0 (numbers)[1] is 2.5; it must be s64', [[1n, 2.5]]],
    ['sum', 'argument 0 (numbers)[0] is 9223372036854775808n; it must be s64', [[2n ** 63n]]],
  ])('%s refuses what does not fit: %s', async (name, message, args) => {
    const worker = await createWorker(await module, { imports: HELLO });
    await expect(worker.call(name, args)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', message });
    expect(await worker.call('greet', ['Ada'])).toEqual(GREETED);
  });

  it('traps as any program, with the names of its functions', async () => {
    const worker = await createWorker(await module, { imports: HELLO });
    const outcome = await worker.call('failing');
    expect(outcome).toMatchObject({ kind: 'trapped', code: 'unreachable', frames: [{ name: 'failing' }, {}] });
  });

  it('is refused what it does not export, and told what it is not given', async () => {
    const worker = await createWorker(await module, { imports: HELLO });
    await expect(worker.call('nothing')).rejects.toMatchObject({
      code: 'EXPORT_NOT_FOUND',
      message: expect.stringContaining('it exports: greet, sum, count, failing') as unknown,
    });
    await expect(createWorker(await module, { wasi: {} })).rejects.toMatchObject({
      code: 'IMPORT_MISSING',
      message: expect.stringContaining(`"${WORDS}"."greeting"`) as unknown,
    });
  });

  it('tells of a function of the host that gives what is not of its type', async () => {
    const worker = await createWorker(await module, { imports: imports(() => 5) });
    const outcome = await worker.call('greet', ['Ada']);
    expect(outcome).toMatchObject({ kind: 'trapped', code: 'exception' });
    expect(JSON.stringify(outcome)).toContain(`the result of ${WORDS} greeting is 5; it must be string`);
  });
});

/** Stops a call at each of its safepoints, one after the other, and finishes it elsewhere; gives how many there were. */
async function stopEverywhere(loaded: LoadedModule, options: GuestOptions, move: Move): Promise<number> {
  for (let at = 0; ; at++) {
    let polls = 0;
    const worker = await createWorker(loaded, { ...options, onPoll: () => (polls++ === at ? 'stop' : 'go on') });
    const outcome = await worker.call('greet', ['Ada']);
    if (outcome.kind !== 'stopped') {
      expect(outcome).toEqual(GREETED);
      return at;
    }
    const moved = await move(loaded, worker, options);
    expect(await moved.resume(), `stopped at safepoint ${at}`).toEqual(GREETED);
    expect(await moved.call('sum', [[1n, 2n]])).toEqual({ kind: 'returned', values: [3n] });
  }
}

type Worker = Awaited<ReturnType<typeof createWorker>>;
type Move = (loaded: LoadedModule, worker: Worker, options: GuestOptions) => Promise<Worker>;

const MOVES: Readonly<Record<string, Move>> = {
  'from bytes': (loaded, worker, options) => restoreWorker(loaded, worker.snapshot(), options),
  'as a fork': (_, worker, options) => forkWorker(worker, options),
};

describe('a call of a component that is stopped', () => {
  it.each(Object.entries(MOVES))('at every safepoint goes on %s', async (_, move) => {
    const small = await loadModule(await greeter(20));
    expect(await stopEverywhere(small, { imports: HELLO }, move)).toBeGreaterThan(10);
  });

  it('while its host function waits asks again where it goes on', async () => {
    const asked: string[] = [];
    const never = imports((name) => {
      asked.push(name);
      return pending(new Promise(() => undefined), { again: true });
    });
    const worker = await createWorker(await module, { imports: never });
    const running = worker.call('greet', ['Ada']);
    expect(worker.state).toBe('waiting');
    await worker.stop();
    expect(await running).toEqual({ kind: 'stopped' });
    const moved = await restoreWorker(await module, worker.snapshot(), { imports: HELLO });
    expect(await moved.resume()).toEqual(GREETED);
    expect(asked).toEqual(['Ada']);
  });
});

describe('a function of the host', () => {
  it.each([
    ['a promise', (name: string) => Promise.resolve(`Hello of ${name.length} to `)],
    ['a pending', (name: string) => pending(Promise.resolve(`Hello of ${name.length} to `))],
  ])('may give %s', async (_, greeting) => {
    const worker = await createWorker(await module, { imports: imports(greeting) });
    expect(await worker.call('greet', ['Ada'])).toEqual(GREETED);
    expect(await worker.call('greet', ['Bob'])).toEqual({ kind: 'returned', values: ['Hello of 3 to Bob'] });
  });
});

it('gives an answer to the call that has waited for it, and to no other', async () => {
  const answers: PromiseWithResolvers<string>[] = [];
  const later = imports(() => {
    const answer = Promise.withResolvers<string>();
    answers.push(answer);
    return answer.promise;
  });
  const worker = await createWorker(await module, { imports: later });
  const given = worker.call('greet', ['Ada']);
  await worker.stop();
  expect(await given).toEqual({ kind: 'stopped' });
  worker.abandon();
  answers[0]?.resolve('for the first ');
  await answers[0]?.promise;
  const running = worker.call('greet', ['Bob']);
  answers[1]?.resolve('for the second ');
  expect(await running).toEqual({ kind: 'returned', values: ['for the second Bob'] });
});

it('keeps what it was to give away in a call that fails', async () => {
  const failing = imports(() => {
    throw new WebAssembly.RuntimeError('the host traps');
  });
  const worker = await createWorker(await module, { imports: failing });
  expect(await worker.call('greet', ['Ada'])).toMatchObject({ kind: 'trapped' });
  expect(await worker.call('sum', [[1n]])).toEqual({ kind: 'returned', values: [1n] });
});

describe('the state of a component', () => {
  it.each([
    ['version', 7, 'SNAPSHOT_VERSION'],
    ['fusion', 7, 'SNAPSHOT_VERSION'],
    ['handles', 5, 'SNAPSHOT_MALFORMED'],
    ['owners', ['nobody'], 'SNAPSHOT_MALFORMED'],
    ['call', { export: 'nothing' }, 'SNAPSHOT_MALFORMED'],
    [
      'call',
      { export: 'greet', args: { flat: [0, 9], bytes: new Uint8Array(3), handles: null } },
      'SNAPSHOT_MALFORMED',
    ],
  ])('is refused with %s %j', async (field, value, code) => {
    const worker = await createWorker(await module, { imports: HELLO });
    const snapshot = worker.capture();
    const state = snapshot.hosts['component'] as object;
    const damaged = { ...snapshot, hosts: { component: { ...state, [field]: value } } };
    await expect(restoreWorker(await module, damaged, { imports: HELLO })).rejects.toMatchObject({
      code,
      message: expect.stringContaining(`hosts.component.${field}`) as unknown,
    });
  });
});
