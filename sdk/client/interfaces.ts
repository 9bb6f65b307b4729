/** What the client knows of the interfaces of workers, for looking at arguments before they are sent. */
import type { WorkerInterface } from '../../runtime/node/api-types.ts';
import { PluvioError } from '../../runtime/errors/index.ts';
import { type ArgumentsFault, argumentsFault } from '../../runtime/values/index.ts';

/** Arguments of a typed call: as JSON has them, and as the caller gave them. */
export interface TypedCall {
  readonly worker: string;
  readonly export: string;
  readonly json: readonly unknown[];
  readonly given: readonly unknown[];
}

export type FetchInterface = (worker: string, signal: AbortSignal | undefined) => Promise<WorkerInterface>;

/** Workers whose interface is kept. */
const KEPT_MAX = 1000;

/** Asks a node once for the interface of each worker. */
export class Interfaces {
  readonly #fetch: FetchInterface;
  readonly #known = new Map<string, Promise<WorkerInterface | undefined>>();

  constructor(fetch: FetchInterface) {
    this.#fetch = fetch;
  }

  /**
   * Refuses arguments that do not fit. What a worker's interface is may have changed since it was asked for: before a call is refused by one
   * that is not new, the node is asked again. A node that does not tell the interface checks by itself.
   * @throws PluvioError `INVALID_ARGUMENT` names the argument, what it is, and what it must be
   */
  async check(call: TypedCall, signal?: AbortSignal): Promise<void> {
    const known = this.#known.get(call.worker);
    if (known !== undefined && faultOf(await known, call) === undefined) return;
    const fault = faultOf(await this.#ask(call.worker, signal), call);
    if (fault !== undefined) throw new PluvioError('INVALID_ARGUMENT', fault.message, fault.details);
  }

  #ask(worker: string, signal: AbortSignal | undefined): Promise<WorkerInterface | undefined> {
    const asked = this.#fetch(worker, signal).catch(() => undefined); // the call itself will tell why, where it fails too
    this.#known.delete(worker);
    this.#known.set(worker, asked);
    for (const oldest of this.#known.keys()) {
      if (this.#known.size <= KEPT_MAX) break;
      this.#known.delete(oldest);
    }
    return asked;
  }
}

function faultOf(known: WorkerInterface | undefined, call: TypedCall): ArgumentsFault | undefined {
  if (known === undefined || !Object.hasOwn(known.exports, call.export)) return undefined;
  const { encoding, params } = known.exports[call.export] ?? {};
  if (encoding !== 'json' || params === undefined) return undefined;
  return argumentsFault(call.export, params, call.json, { classes: known.types }, call.given);
}
