/** Text to binary. The text parser is not under test: it is that of wasm-tools. */
import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';

/** The binary of a module in the text format; nothing is validated. @throws Error the text is malformed */
export async function moduleOfText(text: string): Promise<Uint8Array<ArrayBuffer>> {
  return Uint8Array.from(await parse(escaped(text)));
}

/** Characters that the parser takes for an attempt to confuse readers may stand in names; as escapes it takes them. */
const escaped = (text: string): string =>
  text.replace(/[^\0-\x7f]/gu, (character) => `\\u{${character.codePointAt(0)?.toString(16) ?? ''}}`);
