/** The custom section of branch hints (branch hinting proposal, `metadata.code.branch_hint`). */
import { ByteWriter, type CustomDraft, type Module, openReader, readU32 } from '../wasm/index.ts';

const NAME = 'metadata.code.branch_hint';
const CODE_SECTION = 10;

/** Hints of one function: pairs of body offset and value (0 unlikely, 1 likely). */
export interface FunctionHints {
  readonly func: number;
  readonly hints: readonly number[];
}

/** The section, to stand before the code section. */
export function encodeBranchHints(functions: readonly FunctionHints[], after: number): CustomDraft | undefined {
  const hinted = functions.filter((entry) => entry.hints.length > 0);
  if (hinted.length === 0) return undefined;
  const out = new ByteWriter(1024);
  out.u32(hinted.length);
  for (const { func, hints } of hinted) {
    out.u32(func);
    out.u32(hints.length / 2);
    for (let at = 0; at < hints.length; at += 2) {
      out.u32(hints[at] ?? 0);
      out.u32(1);
      out.byte(hints[at + 1] ?? 0);
    }
  }
  return { name: NAME, content: out.toBytes(), after };
}

/** The guest's own hints by function and body offset; a section that cannot be read counts as none, as engines do it. */
export function decodeBranchHints(module: Module): ReadonlyMap<number, ReadonlyMap<number, number>> {
  const found = new Map<number, Map<number, number>>();
  const section = module.customs.find((custom) => custom.name === NAME && custom.after < CODE_SECTION);
  if (section === undefined) return found;
  try {
    const reader = openReader(module.bytes, section.content.start, section.content.end);
    for (let functions = readU32(reader); functions > 0; functions--) {
      const func = readU32(reader);
      const hints = new Map<number, number>();
      for (let count = readU32(reader); count > 0; count--) {
        const offset = readU32(reader);
        if (readU32(reader) !== 1) return new Map();
        hints.set(offset, readU32(reader) & 1);
      }
      found.set(func, hints);
    }
    return found;
  } catch {
    return new Map();
  }
}
