/** The guests of campaigns that live on messages, on a host that is driven by hand. */
import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { createWorker, loadModule } from '../../runtime/engine/index.ts';
import { type AbiHost, createAbi, type Effect } from '../../runtime/host/abi/index.ts';
import { ScriptedServices } from '../abi/scripted-services.ts';

const RECEIVER = { 'mailbox.receive': [], timers: [] };
const SENDER = { 'mailbox.send': ['*'], config: ['to'] };
const [APPLY, LATER, TELL] = [0, 1, 2];

async function open(guest: string, grants: Readonly<Record<string, readonly string[]>>, config = {}) {
  const services = new ScriptedServices();
  const { setTimer } = services;
  const host = createAbi({ services, self: { name: 'w' }, grants, config, setTimer });
  const module = await loadModule(new Uint8Array(await readFile(new URL(`./exports/${guest}.wasm`, import.meta.url))));
  return { services, host, worker: await createWorker(module, { hosts: [host] }) };
}

const words = (...values: readonly number[]): Uint8Array => new Uint8Array(Uint32Array.from(values).buffer);

let seq = 0;
const messageTo = (host: AbiHost, body: Uint8Array, reply = false): void => {
  seq++;
  host.deliver({ seq, info: { id: `m${seq}`, kind: 'message', from: 'x', ...(reply ? { reply } : {}) }, body });
};

const effectOf = (effects: readonly Effect[], kind: Effect['kind']) =>
  expect.poll(() => effects.find((effect) => effect.kind === kind));

test('the ledger counts messages and timers, and tells of them', async () => {
  const { services, host, worker } = await open('mailbox-ledger', RECEIVER);
  const over = worker.start();
  messageTo(host, words(APPLY, 3, 0));
  messageTo(host, words(LATER, 4, 250));
  await effectOf(services.effects, 'timer').toMatchObject({ id: 'ab' + 'a'.repeat(14), dueMs: services.nowMs + 250 });
  messageTo(host, words(TELL, 2, 0), true);
  await effectOf(services.effects, 'reply').toMatchObject({
    reply: { ok: true, body: Uint8Array.of(0, 1, 0, 0, 0, 0, 0, 0) },
  });
  const { id, dueMs } = host.timers[0]!;
  seq++;
  host.deliver({ seq, info: { id: `t${seq}`, kind: 'timer', timer: id, dueMs }, body: new Uint8Array() });
  messageTo(host, words(TELL, 2, 0), true);
  await expect
    .poll(() => services.effects.filter(({ kind }) => kind === 'reply').at(-1))
    .toMatchObject({ reply: { ok: true, body: Uint8Array.of(0, 1, 1, 0, 0, 0, 0, 0) } });
  await worker.close();
  await over.catch(() => undefined);
});

test('the sender passes inputs on to whom its configuration names', async () => {
  const { services, host, worker } = await open('mailbox-sender', SENDER, { to: 'ledger' });
  host.beginInput({ seq: 1, info: { id: 'k', kind: 'call' }, body: new Uint8Array() });
  expect(await worker.call('pass_on', [7, 0])).toEqual({ kind: 'returned', values: [1] });
  expect(await worker.call('pass_on', [8, 20])).toEqual({ kind: 'returned', values: [1] });
  expect(services.effects).toMatchObject([
    { kind: 'send', to: 'ledger', body: words(APPLY, 7, 0), inputSeq: 1, ordinal: 0 },
    { kind: 'send', to: 'ledger', body: words(LATER, 8, 20), inputSeq: 1, ordinal: 1 },
  ]);
  services.respond = () => ({ ok: true, body: Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 2) });
  expect(await worker.call('tell', [8])).toEqual({ kind: 'returned', values: [0x0200_0000_0000_0001n] });
  expect(services.asks).toMatchObject([{ kind: 'call', to: 'ledger', body: words(TELL, 8, 20) }]);
  await worker.close();
});

test('the sender gives the code of what it may not do', async () => {
  const { host, worker } = await open('mailbox-sender', { config: ['to'] }, { to: 'ledger' });
  host.beginInput({ seq: 1, info: { id: 'k', kind: 'call' }, body: new Uint8Array() });
  expect(await worker.call('pass_on', [7, 0])).toEqual({ kind: 'returned', values: [-3] });
  await worker.close();
});
