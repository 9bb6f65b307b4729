/**
 * Writes states of components: `node test/vectors/write-component-vectors.ts`. For a new version of the state only: the bytes of a
 * published version do not change.
 *
 * A component (test/component/greeter.ts) as bytes, and snapshots of it: stopped before it has taken its arguments, while it waits for the
 * host, when it has given its result. Another one (test/component/leaver.ts), of version 2 of how components are fused: stopped in the clean-up of
 * a function without a result. And the state of a WASI 0.2 host with a resource of most kinds.
 */
import { writeFileSync } from 'node:fs';
import { encodePlain } from '../../runtime/engine/messagepack.ts';
import { createWorker, loadModule, pending } from '../../runtime/index.ts';
import { greeter } from '../component/greeter.ts';
import { CALLS, leaver, PLACES } from '../component/leaver.ts';
import { openEverything } from '../wasi2/open-everything.ts';

const keep = (name: string, bytes: Uint8Array): void =>
  writeFileSync(new URL(`component/${name}`, import.meta.url), bytes);

const WORDS = 'example:host/words@1.0.0';
const bytes = await greeter(20);
const module = await loadModule(bytes);
keep('greeter.wasm', bytes);

/** A snapshot at the safepoint of that number. */
async function stoppedAt(safepoint: number): Promise<Uint8Array | undefined> {
  let polls = 0;
  const worker = await createWorker(module, {
    imports: { [WORDS]: { greeting: () => 'Hello to ' } },
    onPoll: () => (polls++ === safepoint ? 'stop' : 'go on'),
  });
  const { kind } = await worker.call('greet', ['Ada']);
  return kind === 'stopped' ? worker.snapshot() : undefined;
}

const all: Uint8Array[] = [];
for (let at = 0; ; at++) {
  const snapshot = await stoppedAt(at);
  if (snapshot === undefined) break;
  all.push(snapshot);
}
keep('called-1.bin', all[0] ?? new Uint8Array());
keep('answering-1.bin', all.at(-1) ?? new Uint8Array());

const waiting = await createWorker(module, {
  imports: { [WORDS]: { greeting: () => pending(new Promise(() => undefined), { again: true }) } },
});
void waiting.call('greet', ['Ada']);
keep('waiting-1.bin', waiting.snapshot());

const leaving = await leaver();
keep('leaver.wasm', leaving);
let polls = 0;
const cleaning = await createWorker(await loadModule(leaving), {
  imports: { [WORDS]: { out: () => undefined } },
  onPoll: () => (polls++ === 1 ? 'stop' : 'go on'),
});
await cleaning.call('prepare', [PLACES['post-return'], CALLS.out]);
await cleaning.call('tell', ['text']);
keep('cleaning-2.bin', cleaning.snapshot());

const { component, resources } = openEverything();
keep('wasi-0.2-1.bin', encodePlain(component.host.snapshot(resources), 'state'));
process.exit(0);
