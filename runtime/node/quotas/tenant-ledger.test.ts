import { describe, expect, it } from 'vitest';
import { FixedBudget } from '../threads/page-budget.ts';
import { limitTeller } from './limit-teller.ts';
import { TenantLedger } from './tenant-ledger.ts';
import { type AskedTenantLimits, resolveTenantLimits } from './tenant-limits.ts';
import { EngineTenants, guestFuel, GuestMemory, guestStorage, type TenantShare } from './tenant-share.ts';

const MIB = 2 ** 20;
const ledgerOf = (limits: AskedTenantLimits, sharesMemory = true): TenantLedger =>
  new TenantLedger({ sharesMemory, engines: 4 }, (tenant) =>
    tenant === 'acme' ? resolveTenantLimits(limits) : resolveTenantLimits(),
  );

/** The budgets of a tenant on the engine of a place. */
function engineAt(place: number, share: TenantShare | null, told: string[] = []) {
  const { memory, storage, fuel } = new EngineTenants(place).budgetsOf(share);
  const tell = (scope: string, limit: string): void => void told.push(`${scope} ${limit}`);
  return {
    memory: new GuestMemory(new FixedBudget(1000), memory, share, tell),
    storage: guestStorage(storage, tell),
    fuel: guestFuel(fuel, tell),
  };
}

describe('the share of a tenant', () => {
  it('is nothing where it has what the node has', () => {
    expect(ledgerOf({}).shareOf('acme')).toBeNull();
    expect(ledgerOf({ storageBytes: 5 }).shareOf('beta')).toBeNull();
    const none = engineAt(0, null);
    expect([none.storage, none.fuel, none.memory.take(1000), none.memory.take(1)]).toEqual([
      undefined,
      undefined,
      true,
      false,
    ]);
  });

  it('is counted by all engines together where they share memory', () => {
    const told: string[] = [];
    const ledger = ledgerOf({ memoryBytes: MIB, storageBytes: 100 });
    const [a, b] = [0, 1].map((place) => engineAt(place, ledger.shareOf('acme'), told));
    for (const engine of [a, b]) if (engine) engine.memory.isMade = true;
    expect([a?.memory.take(10), b?.memory.take(7), b?.memory.take(6)]).toEqual([true, false, true]);
    expect([a?.storage?.take(60), b?.storage?.take(41), b?.storage?.take(40)]).toEqual([true, false, true]);
    expect(told).toEqual(['tenant memoryBytes', 'tenant storageBytes']);
    ledger.engineEnded(0);
    expect([b?.memory.take(10), b?.storage?.take(60), b?.memory.take(1)]).toEqual([true, true, false]);
  });

  it('is divided where they do not', () => {
    const ledger = ledgerOf({ memoryBytes: 4 * MIB, storageBytes: 100, fuelPerSecond: 2 }, false);
    ledger.sleeps('w', 'acme', 60);
    const share = ledger.shareOf('acme');
    expect(share).toEqual({ tenant: 'acme', memoryPages: 16, storageBytes: 10, fuelPerSecond: 1, counter: null });
    const tenants = new EngineTenants(0);
    const [first, second] = [tenants.budgetsOf(share), tenants.budgetsOf(share)];
    expect([first.memory?.take(16), second.memory?.take(1)]).toEqual([true, false]);
  });
});

describe('memory for a worker of a tenant', () => {
  it('that is being made is an error, and grows of one that is there are refused', () => {
    const told: string[] = [];
    const { memory } = engineAt(0, ledgerOf({ memoryBytes: MIB }).shareOf('acme'), told);
    expect(memory.take(16)).toBe(true);
    expect(() => memory.take(1)).toThrowError(
      expect.objectContaining({
        code: 'TENANT_LIMIT',
        details: { tenant: 'acme', limit: 'memoryBytes', max: MIB, retryAfterMs: 1000 },
      }),
    );
    memory.isMade = true;
    expect([memory.take(1), told]).toEqual([false, ['tenant memoryBytes']]);
    memory.refused();
    expect(told).toEqual(['tenant memoryBytes', 'worker memoryPages']);
  });

  it('that the node does not have is not the tenant’s', () => {
    const told: string[] = [];
    const { memory } = engineAt(0, ledgerOf({ memoryBytes: 128 * MIB }).shareOf('acme'), told);
    memory.isMade = true;
    expect([memory.take(1001), told, memory.take(1000)]).toEqual([false, [], true]);
  });
});

describe('the storage of workers that sleep', () => {
  it('is their tenant’s until they wake or are gone', () => {
    const ledger = ledgerOf({ storageBytes: 100 });
    const { storage } = engineAt(0, ledger.shareOf('acme'));
    ledger.sleeps('w', 'acme', 70);
    ledger.sleeps('w', 'acme', 80);
    ledger.sleeps('other', 'beta', 90);
    expect([storage?.take(21), storage?.take(20)]).toEqual([false, true]);
    storage?.count(80); // it is restored there
    expect([ledger.forget('w'), ledger.forget('w'), ledger.forget('other')]).toEqual([80, 0, 0]);
    expect(storage?.take(1)).toBe(false);
    storage?.give(1);
    expect(storage?.take(1)).toBe(true);
  });
});

it('fuel of a tenant that is used up is told of', () => {
  const told: string[] = [];
  const { fuel } = engineAt(0, ledgerOf({ fuelPerSecond: 1000 }).shareOf('acme'), told);
  expect(fuel?.pauseMs(0)).toBe(0);
  expect(told).toEqual([]);
  expect(fuel?.pauseMs(1_000_000)).toBeGreaterThan(900_000);
  expect(told).toEqual(['tenant fuelPerSecond']);
});

it('a limit is told of once a second, each by itself', () => {
  let nowMs = 0;
  const told: string[] = [];
  const tell = limitTeller(
    (scope, limit) => void told.push(`${scope} ${limit}`),
    () => nowMs,
  );
  for (const at of [0, 999, 1000, 1500]) {
    nowMs = at;
    tell('worker', 'a');
    tell('tenant', 'a');
  }
  expect(told).toEqual(['worker a', 'tenant a', 'worker a', 'tenant a']);
});
