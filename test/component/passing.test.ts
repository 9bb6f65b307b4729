/** Values of random types through real components: from the caller through the guest to a function of the host, and back. */
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { valueTypeText } from '../../runtime/component/type-text.ts';
import type { ValueType } from '../../runtime/component/value-types.ts';
import { valuesOf, valueTypes } from '../../runtime/host/component/canonical/testing/random-values.ts';
import {
  createWorker,
  type LoadedModule,
  loadModule,
  restoreWorker,
  type Worker,
  type GuestOptions,
} from '../../runtime/index.ts';
import { componentText } from './canonical-component.ts';
import { componentOf } from './tools.ts';

const SEED = 1_026;
const VALUES = 5;
/** Of how many types one is stopped. */
const STOPPED_EVERY = 6;

const types: readonly ValueType[] = fc.sample(
  valueTypes.filter((type) => valueTypeText(type).length > 20),
  { numRuns: 60, seed: SEED },
);

/** A host that keeps what it is given, and gives what it was told to; at once or later. */
class Host {
  put: unknown;
  get: unknown;
  /** Calls wait for this, if it is there. */
  gate: Promise<unknown> | undefined;

  get imports(): Record<string, Record<string, (...args: never[]) => unknown>> {
    const functions = types.flatMap((_, index) => [
      [`put-${index}`, (value: unknown) => this.#answer(() => void (this.put = value))] as const,
      [`get-${index}`, () => this.#answer(() => this.get)] as const,
    ]);
    return { $root: Object.fromEntries(functions) };
  }

  #answer(answer: () => unknown): unknown {
    return this.gate === undefined ? answer() : this.gate.then(answer);
  }
}

const loaded: { module?: LoadedModule } = {};
beforeAll(async () => {
  loaded.module = await loadModule(await componentOf(componentText(types)));
});

function moduleOf(): LoadedModule {
  if (loaded.module === undefined) throw new Error('there is no module');
  return loaded.module;
}
const workerOf = (host: Host, options: GuestOptions = {}): Promise<Worker> =>
  createWorker(moduleOf(), { ...options, imports: host.imports });
const restored = (worker: Worker, host: Host): Promise<Worker> =>
  restoreWorker(moduleOf(), worker.snapshot(), { imports: host.imports });

describe.each(types.map((type, index) => [valueTypeText(type).slice(0, 80), index, type] as const))(
  '%s',
  (_, index, type) => {
    const values = fc.sample(valuesOf(type), { numRuns: VALUES, seed: SEED });

    it('goes in and out', async () => {
      const host = new Host();
      const worker = await workerOf(host);
      for (const value of values) {
        expect(await worker.call(`take-${index}`, [value])).toMatchObject({ kind: 'returned' });
        expect(host.put).toEqual(value);
        host.get = value;
        expect(await worker.call(`give-${index}`)).toEqual({ kind: 'returned', values: [value] });
      }
      await worker.close();
    });

    const [value] = values;
    if (index % STOPPED_EVERY !== 0) return;
    it('goes in and out of a call that is stopped at each safepoint and taken up from bytes', async () => {
      const taken = await stopEverywhere(`take-${index}`, [value], undefined, (host) => {
        expect(host.put).toEqual(value);
      });
      const given = await stopEverywhere(`give-${index}`, [], value, (_host, outcome) => {
        expect(outcome).toEqual({ kind: 'returned', values: [value] });
      });
      expect(Math.min(taken, given)).toBeGreaterThan(1);
    });

    it('goes into a function of the host that waits, and from there elsewhere', async () => {
      const [host, other] = [new Host(), new Host()];
      host.gate = new Promise(() => undefined);
      const worker = await workerOf(host);
      const running = worker.call(`take-${index}`, [value]);
      await worker.stop();
      expect(await running).toEqual({ kind: 'stopped' });
      const moved = await restored(worker, other);
      expect(await moved.resume()).toMatchObject({ kind: 'returned' });
      expect(other.put).toEqual(value);
      expect(host.put).toBeUndefined();
    });
  },
);

/**
 * Calls an export once for each of its safepoints, stopped there and taken up elsewhere; gives how many there are.
 * @param get What the host gives.
 */
async function stopEverywhere(
  name: string,
  args: readonly unknown[],
  get: unknown,
  check: (host: Host, outcome: unknown) => void,
): Promise<number> {
  for (let at = 0; ; at++) {
    const host = new Host();
    host.get = get;
    let polls = 0;
    const worker = await workerOf(host, { onPoll: () => (polls++ === at ? 'stop' : 'go on') });
    const outcome = await worker.call(name, args);
    if (outcome.kind !== 'stopped') {
      check(host, outcome);
      return at;
    }
    const moved = await restored(worker, host);
    check(host, await moved.resume());
  }
}
