/** Text to binary. The parsers are not under test: that of wasm-tools, and wabt's for handlers in the form that came first. */
import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import initWabt from 'wabt';

/** Words that only the first form of exception handling has, which wasm-tools does not know. */
const LEGACY = /\(do\b|\bcatch_all\b|\bdelegate\b|\brethrow\b/;

/** The binary of a module in the text format; nothing is validated. @throws Error the text is malformed */
export async function moduleOfText(text: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return Uint8Array.from(await parse(escaped(text)));
  } catch (error) {
    if (!LEGACY.test(text)) throw error;
    return parseLegacy(text);
  }
}

async function parseLegacy(text: string): Promise<Uint8Array<ArrayBuffer>> {
  const wabt = await initWabt();
  const module = wabt.parseWat('script', text, { exceptions: true, tail_call: true });
  try {
    return Uint8Array.from(module.toBinary({}).buffer);
  } finally {
    module.destroy();
  }
}

/** Characters that wasm-tools takes for an attempt to confuse readers may stand in names; as escapes it takes them. */
const escaped = (text: string): string =>
  text.replace(/[^\0-\x7f]/gu, (character) => `\\u{${character.codePointAt(0)?.toString(16) ?? ''}}`);
