import { callNumber, inPackages, placeText, type Program } from './program.ts';

/** Objects, closures, strings, maps, sorting and numbers: a mixture as scripts have it. */
const script = (rounds: number): string => `
  (() => {
    class Point { constructor(x, y) { this.x = x; this.y = y; } add(p) { return new Point(this.x + p.x, this.y + p.y); } }
    let checksum = 0, seed = 1;
    const random = () => (seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff);
    for (let round = 0; round < ${rounds}; round++) {
      let sum = new Point(0, 0);
      for (let i = 0; i < 2000; i++) sum = sum.add(new Point(i, random() % 10));
      const words = Array.from({ length: 300 }, () => (random() % 5000).toString(36));
      const counts = new Map();
      for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
      const sorted = [...counts.keys()].sort();
      const text = JSON.stringify(sorted.map((word) => ({ word, count: counts.get(word) })));
      checksum = (checksum * 31 + sum.x + sum.y + JSON.parse(text).length + text.replace(/[a-f]+/g, '').length) % 1000003;
    }
    return checksum;
  })()`;

export const quickjs: Program = {
  name: 'quickjs',
  what: 'JavaScript interpreter: objects, closures, maps, strings, JSON, regular expressions',
  module: inPackages('quickjs-wasi/quickjs.wasm'),
  memory: 'memory',
  wasi: {},
  connect: () => ({
    imports: {
      env: {
        host_get_timezone_offset: () => 0,
        host_interrupt: () => 0,
        host_promise_rejection: () => undefined,
        host_module_normalize: () => 0,
        host_module_load: () => 0,
        host_call: () => 0,
      },
    },
    begin: async (guest, quick) => {
      await guest.call('_initialize');
      await guest.call('qjs_init');
      const code = script(quick ? 1 : 150);
      const source = await placeText(guest, code, 'wasm_malloc');
      const name = await placeText(guest, 'bench.js', 'wasm_malloc');
      let value = 0;
      return {
        run: async () => {
          value = await callNumber(guest, 'qjs_eval', [source, new TextEncoder().encode(code).length, name, 0]);
        },
        result: () => callNumber(guest, 'qjs_get_float64', [value]),
      };
    },
  }),
};
