/**
 * Secrets of workers out of a file of the operator's: `{"tenant": {"NAME": "text"}}`, readable by its owner only.
 *
 * Invariant: a secret leaves this object by `get` alone: not through JSON, inspection or a message of an error.
 */
import { PluvioError } from '../../errors/index.ts';
import { checkValue, type Schema } from '../schema-check.ts';
import { readOwnerOnly } from './ed25519-keys.ts';

const FILE_MAX_BYTES = 16 * 2 ** 20;
const FILE: Schema = {
  type: 'object',
  maxProperties: 100_000,
  additionalProperties: {
    type: 'object',
    maxProperties: 10_000,
    additionalProperties: { type: 'string', maxLength: 65_536 },
  },
};

type Tree = Readonly<Record<string, Readonly<Record<string, string>>>>;

export class Secrets {
  #byTenant: ReadonlyMap<string, ReadonlyMap<string, string>> = new Map();
  readonly #path: string | undefined;

  private constructor(path: string | undefined) {
    this.#path = path;
  }

  /**
   * Reads the file; without one there are no secrets.
   * @throws PluvioError `KEY_INVALID`, `FILE_FAILED`
   */
  static async open(path: string | undefined): Promise<Secrets> {
    const secrets = new Secrets(path);
    await secrets.reload();
    return secrets;
  }

  /** Reads the file anew; where that fails, what was read before stays. */
  async reload(): Promise<void> {
    if (this.#path === undefined) return;
    const bytes = await readOwnerOnly(this.#path, FILE_MAX_BYTES);
    let tree: Tree;
    try {
      const json: unknown = JSON.parse(bytes.toString('utf8'));
      checkValue(FILE, json, 'file');
      tree = json as Tree; // checked by the schema
    } catch {
      // What the parser or the schema found is not told: it could show a secret.
      throw new PluvioError('KEY_INVALID', `${this.#path} must be {"tenant": {"NAME": "text"}}`, { path: this.#path });
    }
    this.#byTenant = new Map(Object.entries(tree).map(([tenant, own]) => [tenant, new Map(Object.entries(own))]));
  }

  get(tenant: string, name: string): string | undefined {
    return this.#byTenant.get(tenant)?.get(name);
  }

  names(tenant: string): readonly string[] {
    return [...(this.#byTenant.get(tenant)?.keys() ?? [])].sort();
  }
}
