/** Calls of WASI functions with any arguments: what is given is an error number or a result, and nothing but the guest's tree is reached. */
import {
  createWorker,
  type GuestOptions,
  type LoadedModule,
  loadModule,
  restoreWorker,
  type Worker,
} from '../../../runtime/index.ts';
import { I64 } from '../../../runtime/wasm/index.ts';
import type { Choices } from '../choices.ts';
import { handClock } from '../hand-clock.ts';
import { type Input, mustHold, type Target, Violation } from '../target.ts';
import { ABIS, callingGuest, FUNCTION_NAMES, MEMORY_PAGES, paramsOf, TABLES_AT, TEXT_PLACES } from './guest.ts';

/** One thing that a guest does; i64 arguments are bigints, as text with an `n`. */
type Step =
  | { readonly call: string; readonly args: readonly (number | string)[] }
  /** Writes bytes into the memory. */
  | { readonly put: number; readonly hex: string }
  /** Goes on in another worker, from a snapshot. */
  | { readonly move: true };

const PAGE_BYTES = 65_536;
const ERRNO_MAX = 76;
const STEPS_MAX = 12;
const CONTENT = 'what the file held';

const baseFiles = (): Record<string, Uint8Array | { readonly symlink: string }> => ({
  a: new TextEncoder().encode(CONTENT),
  'dir/x': new Uint8Array(9000).fill(1),
  'dir/up': { symlink: '..' },
  link: { symlink: '../../etc/passwd' },
  loop: { symlink: 'loop' },
  'empty/': new Uint8Array(),
});

/** What all workers share, and what it must still be after each. */
const FILES = baseFiles();
const SECOND = {};
const EXPECTED_FILES = baseFiles();

function checkFiles(): void {
  for (const [path, content] of Object.entries(EXPECTED_FILES)) {
    const found = FILES[path];
    const isSame =
      content instanceof Uint8Array && found instanceof Uint8Array
        ? Buffer.compare(content, found) === 0
        : JSON.stringify(content) === JSON.stringify(found);
    mustHold(isSame, () => `the file ${path}, which workers share, changed`);
  }
}

function newOptions(): GuestOptions {
  return {
    limits: { fuel: 100_000n, memoryPages: MEMORY_PAGES, stackDepth: 100, wallClockMs: 20_000 },
    wasi: {
      ...handClock(),
      args: ['guest', 'é'],
      env: { HOME: '/' },
      preopens: { '/': FILES, '/second': SECOND },
      stdin: 'line one\nline two\n',
      scratchBytes: 100_000,
      maxOpenFiles: 16,
      maxPathBytes: 4096,
      maxInodes: 64,
    },
  };
}

function number(choices: Choices): number {
  switch (choices.below(8)) {
    case 0:
      return choices.edge();
    case 1:
      return MEMORY_PAGES * PAGE_BYTES - choices.pick([0, 1, 4, 7, 8, 24, 64]);
    case 2:
      return choices.pick(Object.values(TABLES_AT)) + 8 * choices.below(6);
    case 3:
      return TABLES_AT.scratch;
    default:
      return choices.below(choices.pick([2, 8, 8, 64, 256, 5000]));
  }
}

const wide = (choices: Choices): string =>
  `${choices.pick([0n, 1n, 5n, 64n, (1n << 30n) - 1n, (1n << 63n) - 1n, (1n << 64n) - 1n, choices.bits64(), BigInt(choices.edge())])}n`;

function callStep(choices: Choices): Step {
  const name = choices.pick(FUNCTION_NAMES);
  const args: (number | string)[] = [];
  for (const type of paramsOf(name)) {
    const [address, sizeBytes] = choices.pick(TEXT_PLACES);
    if (type === 'i64') args.push(wide(choices));
    else if (name.startsWith('path_') && args.length > 0 && choices.oneIn(2))
      args.push(address, sizeBytes); // a pair of parameters, mostly
    else if (args.length === 0 && (name.startsWith('fd_') || name.startsWith('path_')))
      args.push(choices.oneIn(6) ? number(choices) : choices.below(9));
    else args.push(number(choices));
  }
  return { call: `${choices.pick(ABIS)}.${name}`, args: args.slice(0, paramsOf(name).length) };
}

function step(choices: Choices): Step {
  const kind = choices.below(12);
  if (kind === 0) return { move: true };
  if (kind > 1) return callStep(choices);
  return {
    put: choices.below(TABLES_AT.scratch),
    hex: Buffer.from(choices.bytes(choices.pick([1, 4, 8, 48]))).toString('hex'),
  };
}

async function take(worker: Worker, { call, args }: Extract<Step, { call: string }>): Promise<string> {
  const { params } = worker.module.program.funcType(worker.module.requireFunc(call));
  const values = params.map((type, index) => {
    const arg = args[index] ?? 0;
    return type === I64 ? BigInt.asIntN(64, BigInt(String(arg).replace('n', ''))) : Number(arg) | 0;
  });
  const outcome = await worker.call(call, values);
  if (outcome.kind === 'exited') return 'exited';
  if (outcome.kind !== 'returned')
    throw new Violation(`${call}(${args.join(', ')}) ended as ${JSON.stringify(outcome)}`);
  const [errno] = outcome.values;
  mustHold(typeof errno === 'number' && errno >= 0 && errno <= ERRNO_MAX, () => `${call} gave ${String(errno)}`);
  return errno === 0 ? 'success' : 'errno';
}

async function run(module: LoadedModule, steps: readonly Step[]): Promise<string> {
  let worker = await createWorker(module, newOptions());
  let successes = 0;
  for (const item of steps) {
    if ('call' in item) {
      const how = await take(worker, item);
      if (how === 'success') successes++;
      if (how === 'exited') break;
    } else if ('put' in item) {
      new Uint8Array(worker.instance.memories[0]?.buffer ?? new ArrayBuffer(0)).set(
        Buffer.from(item.hex, 'hex'),
        item.put,
      );
    } else {
      const bytes = worker.snapshot();
      await worker.close();
      worker = await restoreWorker(module, bytes, newOptions());
      mustHold(Buffer.compare(worker.snapshot(), bytes) === 0, () => 'the snapshot of a restored worker changed');
    }
  }
  await worker.close();
  checkFiles();
  return successes > 0 ? 'ran' : 'ran, all refused';
}

export async function openWasiTarget(): Promise<Target> {
  const module = await loadModule(callingGuest());
  return {
    make(choices): Input {
      const steps: Step[] = [];
      choices.changes(STEPS_MAX, (own) => void steps.push(step(own)));
      return { base: 'guest', salt: 0, bytes: new TextEncoder().encode(JSON.stringify(steps)) };
    },
    check: ({ bytes }) => run(module, JSON.parse(new TextDecoder().decode(bytes)) as Step[]), // as `make` wrote them
  };
}
