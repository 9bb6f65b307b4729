/** A reader of what the state of a host became, step by step, who has nothing but bytes. */
import { expect } from 'vitest';
import { changedHosts, rememberedOf } from '../../runtime/engine/host-changes.ts';
import { decodePlain, encodePlain } from '../../runtime/engine/messagepack.ts';
import { changeOf } from '../../runtime/engine/plain-change.ts';
import type { Snapshot } from '../../runtime/engine/snapshot.ts';
import type { HostModule } from '../../runtime/engine/types.ts';

const throughBytes = (value: unknown): unknown => decodePlain(encodePlain(value, 'a state').slice());

export class StateFollower {
  readonly #host: HostModule;
  #remembered: Snapshot['hosts'];
  #read: Snapshot['hosts'];
  /** Sizes of the changes so far, and of the states that they made. */
  changeBytes = 0;
  stateBytes = 0;

  constructor(host: HostModule) {
    expect(host.stableBytes).toBe(true);
    const states = { [host.name]: host.snapshot() };
    this.#host = host;
    this.#remembered = rememberedOf(states, [host]);
    this.#read = throughBytes(states) as Snapshot['hosts'];
  }

  /** Tells the reader what became of the state; expects it to have the state then. */
  follow(): void {
    const states = { [this.#host.name]: this.#host.snapshot() };
    const change = encodePlain(changeOf(this.#remembered, states), 'a change').slice();
    this.#remembered = rememberedOf(states, [this.#host]);
    this.#read = changedHosts(this.#read, decodePlain(change));
    const state = encodePlain(states, 'a state');
    expect(Buffer.compare(encodePlain(this.#read, 'a state'), state)).toBe(0);
    this.changeBytes += change.length;
    this.stateBytes += state.length;
  }
}
