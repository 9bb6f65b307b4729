/** Types of the functions behind the rows of the table of host calls. */
import type { Pending } from '../../engine/pending.ts';
import type { AbiContext } from './context.ts';
import type { GuestBuffer } from './guest-bytes.ts';
import type { HOST_CALLS, HostCallName, ParamType } from './host-call-table.ts';
import type { JsonObject } from './json-object.ts';

/** What a parameter is to the function. */
interface ArgumentTypes extends Record<ParamType, unknown> {
  readonly text: string;
  readonly name: string;
  readonly json: JsonObject;
  /** A copy, the function's own. */
  readonly bytes: Uint8Array;
  readonly buffer: GuestBuffer;
  readonly u32: number;
  readonly ms: number;
  /** Null: no end. */
  readonly timeout: number | null;
}

type ArgumentsOf<Params extends readonly { readonly type: ParamType }[]> = {
  -readonly [Index in keyof Params]: ArgumentTypes[Params[Index]['type']];
};

type ResultOf<Kind> = Kind extends 'ns' ? bigint : number | Pending | undefined | void;

/** Does what a call says; throws an AbiFault for an error code, gives nothing for 0. */
export type HostCall<Name extends HostCallName> = (
  abi: AbiContext,
  ...args: ArgumentsOf<(typeof HOST_CALLS)[Name]['params']>
) => ResultOf<(typeof HOST_CALLS)[Name]['result']>;

export type HostCallsOf<Names extends HostCallName> = { readonly [Name in Names]: HostCall<Name> };
