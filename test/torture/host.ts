/** The host of a generated program: for the bare engine, and as a host module of a worker. Its log is the program's output. */
import { type GuestAccess, type HostModule, type Imports, pending } from '../../runtime/engine/index.ts';
import type { HandleMap } from '../../runtime/engine/index.ts';
import { decodeModule, type Limits, type Module } from '../../runtime/wasm/index.ts';
import { type Answer, HOST_OBJECTS, HOST_ROWS, type HostRow } from './generate/host-table.ts';
import { BASE_VALUE } from './generate/outline.ts';

/** The tag that the host throws; the library's types lack tags in imports. */
const HOST_TAG = new WebAssembly.Tag({ parameters: ['i32', 'i64'] });

const text = (value: unknown): string => {
  if (value === null || value === undefined) return 'null';
  if (typeof value === 'function') return 'func';
  const known = HOST_OBJECTS.indexOf(value); // any value may be asked for
  if (known >= 0) return `object ${known}`;
  if (typeof value === 'number') return Object.is(value, -0) ? '-0' : String(value);
  return typeof value === 'bigint' ? String(value) : 'reference';
};

const entry = (name: string, args: readonly unknown[]): string => `${name} ${args.map(text).join(' ')}`;

/** What an answer is when it does not have to be waited for. */
function atOnce(answer: Answer): unknown {
  if (answer.kind === 'value') return answer.value;
  throw failureOf(answer);
}

/** What the host throws; an exception of a tag is no Error to the library's types, but may be thrown as any value. */
const failureOf = (answer: Answer): Error =>
  answer.kind === 'tagged'
    ? (new WebAssembly.Exception(HOST_TAG, [...answer.payload]) as unknown as Error)
    : new Error('the host function failed');

function rowsOf(module: Module): HostRow[] {
  const names = new Set(module.imports.flatMap(({ name, desc }) => (desc.kind === 'func' ? [name] : [])));
  return HOST_ROWS.filter(({ name }) => names.has(name));
}

function memoryFor({ min, max, is64, shared }: Limits): WebAssembly.Memory {
  const number = (pages: bigint): number => (is64 ? pages : Number(pages)) as number; // the API takes bigint for i64 addresses
  return new WebAssembly.Memory({
    initial: number(min),
    ...(max === undefined ? {} : { maximum: number(max) }),
    ...(shared ? { shared: true } : {}),
    ...(is64 ? { address: 'i64' } : {}),
  }); // the library's types lack 64-bit addresses
}

/** Imports that are no functions; memories are new. */
function plainImports(module: Module): Record<string, WebAssembly.ExportValue | number> {
  const values: Record<string, WebAssembly.ExportValue | number> = {};
  for (const { name, desc } of module.imports) {
    if (desc.kind === 'memory') values[name] = memoryFor(desc.type.limits);
    else if (desc.kind === 'global') values[name] = BASE_VALUE;
    else if (desc.kind === 'tag') values[name] = HOST_TAG as unknown as WebAssembly.ExportValue; // see HOST_TAG
  }
  return values;
}

export interface BareHost {
  readonly imports: WebAssembly.Imports;
  readonly log: readonly string[];
}

export function bareHost(bytes: Uint8Array): BareHost {
  const module = decodeModule(bytes);
  const log: string[] = [];
  const funcs = rowsOf(module).map(({ name, answer }) => [
    name,
    (...args: never[]) => {
      log.push(entry(name, args));
      return atOnce(answer(...args));
    },
  ]);
  return {
    imports: { env: { ...plainImports(module), ...Object.fromEntries(funcs) } as WebAssembly.ModuleImports },
    log,
  };
}

/** Externrefs travel as the number of the object; numbers as themselves, as an i31 is one on the outside. */
export const HANDLES: HandleMap = {
  handleOf(value) {
    if (typeof value === 'number') return `number ${value}`;
    const index = HOST_OBJECTS.indexOf(value as object); // any value may be asked for
    return index < 0 ? undefined : index;
  },
  valueOf: (handle) => (typeof handle === 'number' ? HOST_OBJECTS[handle] : Number(handle.replace('number ', ''))),
};

/** A host module with the same functions. Its state is the log. */
export class WorkerHost implements HostModule {
  readonly name = 'torture';
  readonly imports: HostModule['imports'];
  log: string[] = [];
  /** Called when a call waits for the first time: then it is not answered, so that it is stopped while it waits. */
  onWait: (() => void) | undefined;
  #guest: GuestAccess | undefined;

  constructor(module: Module) {
    const funcs = rowsOf(module).map((row) => [row.name, (...args: never[]) => this.#answer(row, args)]);
    this.imports = { env: Object.fromEntries(funcs) as HostModule['imports'][string] }; // names and functions
  }

  #answer({ name, waits, answer }: HostRow, args: never[]): unknown {
    const again = this.#guest?.restartState() !== undefined;
    if (!again) this.log.push(entry(name, args));
    if (waits !== true) return atOnce(answer(...args));
    if (!again && this.onWait !== undefined) {
      this.onWait();
      return pending(new Promise(() => undefined), { state: 1 });
    }
    const given = answer(...args);
    if (given.kind === 'value') return pending(Promise.resolve(given.value), { state: 1 });
    return pending(Promise.reject(failureOf(given)), { state: 1 });
  }

  bind(guest: GuestAccess): void {
    this.#guest = guest;
  }

  snapshot(): unknown {
    return [...this.log];
  }

  restore(state: unknown): void {
    this.log = [...(state as string[])]; // written by `snapshot`
  }
}

/** Imports of a worker beside its host module. */
export const workerImports = (module: Module): Imports => ({ env: plainImports(module) });
