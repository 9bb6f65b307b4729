import { PluvioError } from '../errors/index.ts';

const describe = (value: unknown): string => {
  if (value === null) return 'null';
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  if (typeof value === 'string') return value.length <= 40 ? JSON.stringify(value) : `text of ${value.length} units`;
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean') return String(value);
  return value === undefined ? 'missing' : `of type ${typeof value}`;
};

/** One field of untrusted snapshot state, with its path for messages. Every reader throws `SNAPSHOT_MALFORMED`. */
export class StateField {
  readonly path: string;
  /** As it came: whoever takes it checks it. */
  readonly value: unknown;

  constructor(value: unknown, path: string) {
    this.value = value;
    this.path = path;
  }

  malformed(expected: string): never {
    throw new PluvioError(
      'SNAPSHOT_MALFORMED',
      `field ${this.path} is ${describe(this.value)}; it must be ${expected}`,
      {
        field: this.path,
      },
    );
  }

  /** The field does not fit this host: its files or limits. */
  mismatch(expected: string): never {
    throw new PluvioError(
      'SNAPSHOT_MISMATCH',
      `field ${this.path} is ${describe(this.value)}; it must be ${expected}`,
      {
        field: this.path,
      },
    );
  }

  get isNull(): boolean {
    return this.value === null || this.value === undefined;
  }

  get isText(): boolean {
    return typeof this.value === 'string';
  }

  get(name: string): StateField {
    const { value } = this;
    if (typeof value !== 'object' || value === null || Array.isArray(value) || value instanceof Uint8Array) {
      return this.malformed('a map');
    }
    const own: unknown = Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined; // an own key
    return new StateField(own, `${this.path}.${name}`);
  }

  array(): StateField[] {
    return this.items().map((_, index) => this.item(index));
  }

  /** The elements as they are; for arrays so long that a field for each would cost too much. */
  items(): readonly unknown[] {
    return Array.isArray(this.value) ? (this.value as readonly unknown[]) : this.malformed('an array');
  }

  /** An element of an array. */
  item(index: number): StateField {
    return new StateField(this.items()[index], `${this.path}[${index}]`);
  }

  /** An array of exactly that many elements. */
  tuple<const Count extends 2 | 3>(
    count: Count,
  ): Count extends 2 ? [StateField, StateField] : [StateField, StateField, StateField] {
    const fields = this.array();
    if (fields.length !== count) this.malformed(`an array of ${count}`);
    return fields as ReturnType<typeof this.tuple<Count>>; // its length was checked
  }

  integer(min: number, max: number = Number.MAX_SAFE_INTEGER): number {
    const { value } = this;
    const found = typeof value === 'bigint' && BigInt(Number(value)) === value ? Number(value) : value;
    if (typeof found === 'number' && Number.isSafeInteger(found) && found >= min && found <= max) return found;
    return this.malformed(`a whole number from ${min} to ${max}`);
  }

  /** An unsigned 64-bit number. */
  unsigned64(): bigint {
    const { value } = this;
    const found = typeof value === 'number' && Number.isSafeInteger(value) ? BigInt(value) : value;
    if (typeof found === 'bigint' && found >= 0n && found < 2n ** 64n) return found;
    return this.malformed('a whole number of 64 bits, not negative');
  }

  boolean(): boolean {
    return typeof this.value === 'boolean' ? this.value : this.malformed('true or false');
  }

  bytes(): Uint8Array {
    return this.value instanceof Uint8Array ? this.value : this.malformed('bytes');
  }

  /** The same as a copy that is the caller's own. */
  ownBytes(): Uint8Array {
    return new Uint8Array(this.bytes()); // not `slice`, which gives a view of a Buffer
  }

  /** Text without lone surrogates and NUL. */
  text(): string {
    const { value } = this;
    if (typeof value === 'string' && value.isWellFormed() && !value.includes('\0')) return value;
    return this.malformed('text without NUL');
  }

  oneOf<const Choice extends string>(choices: readonly Choice[]): Choice {
    return choices.find((choice) => choice === this.value) ?? this.malformed(`one of ${choices.join(', ')}`);
  }
}
