import { describe, expect, test } from 'vitest';
import { code, HandGuest, input } from '../../../test/abi/hand-guest.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const NAME = 7;

/** A guest whose call has a body that is still on its way. */
function begun(first = ''): HandGuest {
  const guest = new HandGuest();
  expect(guest.host.beginInput({ ...input(0, first, { kind: 'call' }), bodyName: NAME })).toBe(true);
  return guest;
}

describe('a body that is on its way', () => {
  test('is read as it comes, and ends', async () => {
    const guest = begun();
    const first = guest.wait('input_read', 1000, 10, 0);
    expect(guest.host.waiting).toEqual({ kind: 'body', dueMs: null });
    expect(first.wake).toBeUndefined(); // it cannot sleep: what it waits for comes to it alone
    guest.host.addBody(NAME, bytes('hel'));
    expect(await first.promise).toBe(3);
    guest.host.addBody(NAME, bytes('lo '));
    guest.host.addBody(NAME, bytes('world'));
    expect(guest.read('input_read', 3)).toBe('lo world');
    const last = guest.wait('input_read', 1000, 10, 11);
    guest.host.addBody(NAME, 'end');
    expect(await last.promise).toBe(0);
    expect([guest.call('input_length'), guest.read('input_read', 6)]).toEqual([11, 'world']);
    expect(guest.host.endInput()).toMatchObject({ seq: 0 });
  });

  test('has a length when it has an end', async () => {
    const guest = begun('ab');
    const length = guest.wait('input_length');
    guest.host.addBody(NAME, bytes('cd'));
    guest.host.addBody(NAME, 'end');
    expect(await length.promise).toBe(4);
    expect(guest.read('input_read')).toBe('abcd');
  });

  test('that breaks off is never taken for a whole one', async () => {
    const guest = begun('part');
    const rest = guest.wait('input_read', 1000, 10, 4);
    guest.host.addBody(NAME, 'broken');
    expect(await rest.promise).toBe(code('CANCELLED'));
    expect(guest.read('input_read')).toBe('part');
    expect(guest.call('input_read', 1000, 10, 4)).toBe(code('CANCELLED'));
    expect(guest.call('input_length')).toBe(code('CANCELLED'));
    guest.host.addBody(NAME, bytes('late'));
    expect(guest.call('input_read', 1000, 10, 4)).toBe(code('CANCELLED'));
  });

  test('is that of its own call: parts of another are dropped', () => {
    const guest = begun('one');
    guest.host.endInput();
    expect(guest.host.beginInput({ ...input(0, 'two', { kind: 'call' }), bodyName: NAME + 1 })).toBe(true);
    guest.host.addBody(NAME, bytes('late'));
    guest.host.addBody(NAME, 'end');
    guest.host.addBody(NAME + 1, 'end');
    expect([guest.call('input_length'), guest.read('input_read')]).toEqual([3, 'two']);
  });

  test('has no end elsewhere: what waits for it is told, and what has come is there', () => {
    const guest = begun('part');
    const rest = guest.wait('input_read', 1000, 10, 4);
    const twin = guest.moved({}, rest.state);
    expect(twin.call('input_read', 1000, 10, 4)).toBe(code('CANCELLED'));
    expect(twin.read('input_read')).toBe('part');
    expect(twin.call('input_length')).toBe(code('CANCELLED'));
    expect(twin.moved().call('input_length')).toBe(code('CANCELLED'));
    // The one that it was taken from goes on.
    guest.host.addBody(NAME, bytes('ial'));
    guest.host.addBody(NAME, 'end');
    expect(guest.read('input_read', 4)).toBe('ial');
  });

  test('is not cut by a snapshot that nobody goes on from, and parts do not change one', () => {
    const guest = begun('a');
    const state = JSON.stringify(guest.host.snapshot());
    guest.host.addBody(NAME, bytes('b'));
    expect(JSON.parse(state)).toMatchObject({ inputs: { cut: true, current: { body: { 0: 97 } } } });
    guest.host.addBody(NAME, 'end');
    expect(guest.host.snapshot()).not.toHaveProperty('inputs.cut');
    expect(guest.read('input_read')).toBe('ab');
  });
});
