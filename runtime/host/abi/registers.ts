/** Bytes that host calls gave and the guest has yet to read. */
import type { AbiServices } from './types.ts';

const encoder = new TextEncoder();
export const encodeJson = (value: unknown): Uint8Array => encoder.encode(JSON.stringify(value));

/** What the result register holds; of a secret its name alone, so that no snapshot has it. */
export type ResultRegister =
  { readonly kind: 'bytes'; readonly bytes: Uint8Array } | { readonly kind: 'secret'; readonly name: string };

export class Registers {
  readonly #services: Pick<AbiServices, 'secret'>;
  result: ResultRegister | undefined;
  fetchBody: Uint8Array | undefined;

  constructor(services: Pick<AbiServices, 'secret'>) {
    this.#services = services;
  }

  /** Sets the result register; gives its length. */
  setBytes(bytes: Uint8Array): number {
    this.result = { kind: 'bytes', bytes };
    return bytes.length;
  }

  setText(text: string): number {
    return this.setBytes(encoder.encode(text));
  }

  setJson(value: unknown): number {
    return this.setBytes(encodeJson(value));
  }

  /** Undefined: there is no such secret; the register stays as it was. */
  setSecret(name: string): number | undefined {
    const secret = this.#services.secret(name);
    if (secret === undefined) return undefined;
    this.result = { kind: 'secret', name };
    return encoder.encode(secret).length;
  }

  /** What the result register holds now. */
  get resultBytes(): Uint8Array | undefined {
    const { result } = this;
    if (result?.kind !== 'secret') return result?.bytes;
    const secret = this.#services.secret(result.name);
    return secret === undefined ? undefined : encoder.encode(secret);
  }
}
