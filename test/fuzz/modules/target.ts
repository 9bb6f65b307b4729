/** Modules: those that are valid run, with hostile hosts and arguments. */
import { encodeModule } from '../../../runtime/wasm/index.ts';
import type { Choices } from '../choices.ts';
import { changeBytes } from '../change-bytes.ts';
import type { Input, Target } from '../target.ts';
import { type BaseModule, BaseModules, draftFrom } from './bases.ts';
import { changeModule } from './change-module.ts';
import { runModule } from './run-module.ts';
import { judge } from './validity.ts';

const DRAFT_CHANGES_MAX = 5;
const BYTE_CHANGES_MAX = 4;

/** A hostile module: changed in its parts, in its bytes, in both or not at all. */
export function hostileModule(bases: BaseModules, choices: Choices): { base: BaseModule; bytes: Uint8Array } {
  const base = bases.pick(choices);
  const donor = bases.pick(choices);
  const manner = choices.below(10);
  let { bytes } = base;
  if (manner > 0 && manner < 8) {
    const draft = draftFrom(base);
    const foreign = draftFrom(donor);
    choices.changes(DRAFT_CHANGES_MAX, (own) => changeModule(draft, own, foreign));
    bytes = encodeModule(draft);
  }
  if (manner > 6) choices.changes(BYTE_CHANGES_MAX, (own) => (bytes = changeBytes(bytes, own, donor.bytes)));
  return { base, bytes };
}

/** Modules as the decoder and the validator see them; none is run. */
export async function openValidityTarget(): Promise<Target> {
  const bases = await BaseModules.load();
  return {
    make(choices): Input {
      const { base, bytes } = hostileModule(bases, choices);
      return { base: base.name, salt: 0, bytes };
    },
    async check({ bytes }) {
      await judge(bytes);
      return 'valid';
    },
  };
}

/** What one instruction may take on V8 beyond all limits of a worker: an array of the GC proposal. */
const ARRAY_MAX_BYTES = 2 ** 30;

export async function openModuleTarget(): Promise<Target> {
  const bases = await BaseModules.load();
  return {
    memoryRiseBytes: 1.5 * ARRAY_MAX_BYTES,
    make(choices): Input {
      const salt = choices.bits32();
      const { base, bytes } = hostileModule(bases, choices);
      return { base: base.name, salt, bytes };
    },
    async check({ bytes, salt }) {
      await judge(bytes);
      return runModule(bytes, salt);
    },
  };
}
