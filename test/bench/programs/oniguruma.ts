import { callNumber, type Guest, inPackages, place, placeText, type Program, wordsAt, wordyText } from './program.ts';
import { resizeHeap } from './zstd.ts';

/** Searched in turn, each through the whole text; they match rarely, so that the time is that of the search. */
const PATTERNS = [
  '(\\w)(\\w)\\2\\1\\s+\\w+\\.',
  '\\b[a-f]{2,}[0-9]+(?=\\s+[x-z])',
  '(?<!\\.)\\n[aeiou]\\w*\\s+(?:[0-9]\\w+\\s+){2}',
  '(?i)(?:ab|cd|ef)+[^\\s]*\\s(?:[g-m]\\w+\\s){3,}\\.',
];

/** An array of words in the guest's memory. */
const placeWords = async (guest: Guest, words: readonly number[]): Promise<number> =>
  place(guest, new Uint8Array(Uint32Array.from(words).buffer), 'malloc');

export const oniguruma: Program = {
  name: 'oniguruma',
  what: 'regular expressions with look-around and back references, through text',
  module: inPackages('vscode-oniguruma/release/onig.wasm'),
  memory: 'memory',
  wasi: {},
  connect: (memory) => {
    const constants = new Map<string, number>();
    const textAt = (pointer: number): string => {
      const bytes = new Uint8Array(memory().buffer);
      return new TextDecoder().decode(bytes.slice(pointer, bytes.indexOf(0, pointer)));
    };
    const nothing = (): void => undefined;
    return {
      imports: {
        env: {
          _embind_register_constant: (name: number, _type: number, value: number) => {
            constants.set(textAt(name), value);
          },
          _embind_register_void: nothing,
          _embind_register_bool: nothing,
          _embind_register_integer: nothing,
          _embind_register_bigint: nothing,
          _embind_register_float: nothing,
          _embind_register_std_string: nothing,
          _embind_register_std_wstring: nothing,
          _embind_register_emval: nothing,
          _embind_register_memory_view: nothing,
          emscripten_get_now: () => 0,
          emscripten_resize_heap: (sizeBytes: number) => resizeHeap(memory(), sizeBytes),
          emscripten_memcpy_big: (to: number, from: number, sizeBytes: number) => {
            new Uint8Array(memory().buffer).copyWithin(to, from, from + sizeBytes);
          },
        },
      },
      begin: async (guest, quick) => {
        await guest.call('__wasm_call_ctors');
        await guest.call('_embind_initialize_bindings');
        const options = constants.get('ONIG_OPTION_CAPTURE_GROUP') ?? 0;
        const syntax = constants.get('ONIG_SYNTAX_DEFAULT') ?? 0;
        const scanners: number[] = [];
        for (const pattern of PATTERNS) {
          const texts = await placeWords(guest, [await placeText(guest, pattern, 'malloc')]);
          const lengths = await placeWords(guest, [pattern.length]);
          scanners.push(await callNumber(guest, 'createOnigScanner', [texts, lengths, 1, options, syntax]));
        }
        const text = wordyText(quick ? 5000 : 3_000_000);
        const subject = await placeText(guest, text, 'malloc');
        let hash = 0;
        const searchAll = async (scanner: number): Promise<void> => {
          for (let from = 0; ;) {
            const match = await callNumber(guest, 'findNextOnigScannerMatch', [
              scanner,
              scanner, // names the text in the scanner's cache
              subject,
              text.length,
              from,
              options,
            ]);
            if (match === 0) return;
            const [, , start = 0, end = 0] = wordsAt(guest, match, 4);
            hash = (Math.imul(hash, 31) + start + end) >>> 0;
            from = Math.max(end, start + 1);
          }
        };
        return {
          run: async () => {
            for (const scanner of scanners) await searchAll(scanner);
          },
          result: () => hash,
        };
      },
    };
  },
};
