/** What the client knows of the interfaces of workers, for looking at arguments before they are sent. */
import type { WorkerInterface } from '../../runtime/node/api-types.ts';
import { PluvioError } from '../../runtime/errors/index.ts';
import { type ArgumentsFault, argumentsFault, fieldName } from '../../runtime/values/index.ts';

/** Arguments of a typed call: as JSON has them, and as the caller gave them. */
export interface TypedCall {
  readonly worker: string;
  readonly export: string;
  readonly json: readonly unknown[];
  readonly given: readonly unknown[];
}

export interface FoundExport {
  /** undefined: the node does not tell. */
  readonly known: WorkerInterface | undefined;
  /** The name of a component's function; undefined: it is none. */
  readonly component: string | undefined;
  readonly isNew: boolean;
}

export type FetchInterface = (worker: string, signal: AbortSignal | undefined) => Promise<WorkerInterface>;

/** An interface, and the functions of a component in it, also by their names in camelCase. */
interface Known {
  readonly told: WorkerInterface;
  readonly components: ReadonlyMap<string, string>;
}

/** Workers whose interface is kept. */
const KEPT_MAX = 1000;

/** Asks a node once for the interface of each worker. */
export class Interfaces {
  readonly #fetch: FetchInterface;
  readonly #known = new Map<string, Promise<Known | undefined>>();

  constructor(fetch: FetchInterface) {
    this.#fetch = fetch;
  }

  /**
   * What is known of an export: the node is asked if nothing is, or the export is not in what is.
   * @throws PluvioError `EXPORT_NOT_FOUND`: the worker is a component, and has no such function
   */
  async find(worker: string, name: string, signal?: AbortSignal): Promise<FoundExport> {
    const asked = this.#known.get(worker);
    const kept = await asked;
    if (asked !== undefined && (kept === undefined || isKnown(kept, name))) {
      return foundIn(kept, name, false);
    }
    const known = await this.#ask(worker, signal);
    if (known !== undefined && !isKnown(known, name)) refuseUnknown(worker, name, known.told);
    return foundIn(known, name, true);
  }

  /**
   * Refuses arguments that do not fit. What a worker's interface is may have changed since it was asked for: before a call is refused by one
   * that is not new, the node is asked again. A node that does not tell the interface checks by itself.
   * @throws PluvioError `INVALID_ARGUMENT` names the argument, what it is, and what it must be
   */
  async check(call: TypedCall, { known, isNew }: FoundExport, signal?: AbortSignal): Promise<void> {
    let fault = faultOf(known, call);
    if (fault !== undefined && !isNew) fault = faultOf((await this.#ask(call.worker, signal))?.told, call);
    if (fault !== undefined) throw new PluvioError('INVALID_ARGUMENT', fault.message, fault.details);
  }

  #ask(worker: string, signal: AbortSignal | undefined): Promise<Known | undefined> {
    const asked = this.#fetch(worker, signal)
      .then(knownOf)
      .catch(() => undefined); // the call itself will tell why, where it fails too
    this.#known.delete(worker);
    this.#known.set(worker, asked);
    for (const oldest of this.#known.keys()) {
      if (this.#known.size <= KEPT_MAX) break;
      this.#known.delete(oldest);
    }
    return asked;
  }
}

/** A component has no other functions than those that it tells. */
function refuseUnknown(worker: string, name: string, { exports }: WorkerInterface): void {
  const names = Object.keys(exports);
  if (!names.some((each) => exports[each]?.encoding === 'component')) return;
  throw new PluvioError('EXPORT_NOT_FOUND', `worker "${worker}" has no function ${name}; it has ${names.join(', ')}`, {
    worker,
    exports: names,
  });
}

/** A function of a component has its name, and that in camelCase unless another one has it: `linkCount` is `link-count` in WIT. */
function knownOf(told: WorkerInterface): Known {
  const components = new Map<string, string>();
  const names = Object.keys(told.exports).filter((name) => told.exports[name]?.encoding === 'component');
  for (const name of names) components.set(name, name);
  for (const name of names) {
    const inCamelCase = fieldName(name);
    if (!components.has(inCamelCase)) components.set(inCamelCase, name);
  }
  return { told, components };
}

const isKnown = ({ told, components }: Known, name: string): boolean =>
  Object.hasOwn(told.exports, name) || components.has(name);

/** What has the very name comes before what has it in camelCase. */
function foundIn(known: Known | undefined, name: string, isNew: boolean): FoundExport {
  if (known === undefined) return { known: undefined, component: undefined, isNew };
  const { told, components } = known;
  const found = components.get(name);
  const isOther = Object.hasOwn(told.exports, name) && found !== name;
  return { known: told, component: isOther ? undefined : found, isNew };
}

function faultOf(known: WorkerInterface | undefined, call: TypedCall): ArgumentsFault | undefined {
  if (known === undefined || !Object.hasOwn(known.exports, call.export)) return undefined;
  const { encoding, params } = known.exports[call.export] ?? {};
  if (encoding !== 'json' || params === undefined) return undefined;
  return argumentsFault(call.export, params, call.json, { classes: known.types }, call.given);
}
