import type { Blobs } from './blobs.ts';
import type { Grants } from './capabilities.ts';
import type { GuestBytes } from './guest-bytes.ts';
import type { Inputs } from './inputs.ts';
import type { KeyValues } from './key-values.ts';
import type { ResolvedAbiLimits } from './limits.ts';
import type { Rate } from './rates.ts';
import type { Registers } from './registers.ts';
import type { Mailbox } from './mailbox.ts';
import type { StorageMeter } from './storage-meter.ts';
import type { Timers } from './timers.ts';
import type { AbiServices, Effect, SelfInfo } from './types.ts';
import type { Waits } from './waits.ts';

/** What the host calls work on. */
export interface AbiContext {
  readonly services: AbiServices;
  readonly limits: ResolvedAbiLimits;
  readonly grants: Grants;
  readonly self: SelfInfo;
  readonly config: Readonly<Record<string, string>>;
  readonly memory: GuestBytes;
  readonly registers: Registers;
  readonly storage: StorageMeter;
  readonly kv: KeyValues;
  readonly blobs: Blobs;
  readonly timers: Timers;
  readonly subscriptions: Set<string>;
  /** Secrets that the guest has read: their values are masked in its log. */
  readonly secretsRead: Set<string>;
  readonly inputs: Inputs;
  readonly mailbox: Mailbox;
  readonly waits: Waits;
  readonly callRate: Rate;
  readonly logRate: Rate;
  readonly fetchRate: Rate;
  /** Does an effect: gives it its number and the trace of the current input. */
  effect(body: EffectBody): void;
}

/** An effect without what the context adds. */
export type EffectBody = Effect extends infer Each
  ? Each extends Effect
    ? Omit<Each, 'inputSeq' | 'ordinal' | 'traceparent'>
    : never
  : never;
