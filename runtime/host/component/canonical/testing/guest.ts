/** The guest's side for tests: a memory of JavaScript with an allocator that gives out one place after the other. */
import { HandleTable } from '../../handle-table.ts';
import { CanonicalContext, type GuestSide } from '../context.ts';

const PAGE_BYTES = 65_536;
/** Where the allocator begins. What is before belongs to the test. */
export const HEAP = 1024;

export class TestGuest implements GuestSide {
  readonly #memory = new WebAssembly.Memory({ initial: 1 });
  readonly handles: HandleTable;
  readonly context: CanonicalContext;
  #next = HEAP;

  constructor(handles: HandleTable = new HandleTable()) {
    this.handles = handles;
    this.context = new CanonicalContext(this, handles);
  }

  readonly memory = (): ArrayBufferLike => this.#memory.buffer;

  realloc = (_address: number, _bytes: number, align: number, newBytes: number): number => {
    const at = Math.ceil(this.#next / align) * align;
    this.#next = at + newBytes;
    const missing = this.#next - this.#memory.buffer.byteLength;
    if (missing > 0) this.#memory.grow(Math.ceil(missing / PAGE_BYTES));
    return at;
  };

  /** As it was in the beginning. */
  reset(): void {
    new Uint8Array(this.#memory.buffer).fill(0);
    this.#next = HEAP;
  }

  /** All bytes that were given out. */
  allocated(): Uint8Array {
    return new Uint8Array(this.#memory.buffer).slice(HEAP, this.#next);
  }

  /** Everything up to the end of what was given out. */
  used(): Uint8Array {
    return new Uint8Array(this.#memory.buffer).slice(0, this.#next);
  }

  write(at: number, bytes: Iterable<number>): void {
    new Uint8Array(this.#memory.buffer).set([...bytes], at);
  }

  get view(): DataView {
    return new DataView(this.#memory.buffer);
  }
}
