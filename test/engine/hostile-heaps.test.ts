/** Forged heaps, each wrong in one place: refused with the place named, before anything is made. */
import { beforeAll, describe, expect, it } from 'vitest';
import {
  createWorker,
  decodeSnapshot,
  encodeSnapshot,
  type LoadedModule,
  loadModule,
  type RefValue,
  restoreWorker,
  type Snapshot,
  type Value,
} from '../../runtime/engine/index.ts';
import { GLOBAL, heapSubject, TYPE } from './heap-subject.ts';

/** A heap that can be written to: the words of its objects, and what else of the instance leads to it. */
interface Draft {
  words: number[];
  count: number;
  references: RefValue[];
  globals: (Value | undefined)[];
  table: RefValue[];
  heapless: boolean;
}

/** Indices of words, and of objects, of a fresh worker's heap: the objects of its globals, in their order. */
const AT = { holder: 0, first: 5, second: 9, strict: 13, links: 17, end: 21 } as const;
const OBJECT = { holder: 0, first: 1, second: 2, strict: 3, links: 4, next: 5 } as const;

const word = (object: number): number => (object + 1) * 4;
const other = (reference: number): number => reference * 4 + 2;
const i31 = (value: number): number => value * 2 + 1;
const object = (index: number): RefValue => ({ kind: 'object', index });

const add = (draft: Draft, ...words: readonly number[]): void => {
  draft.words.push(...words);
  draft.count++;
};

interface Case {
  readonly name: string;
  readonly forge: (draft: Draft) => void;
  readonly message: RegExp;
}

const CASES: readonly Case[] = [
  {
    name: 'a type that does not exist',
    forge: ({ words }) => (words[AT.holder] = 999),
    message: /objects\[0\] is of type 999; it must be of a type that has objects/,
  },
  {
    name: 'a function type',
    forge: ({ words }) => (words[AT.first] = TYPE.step),
    message: /objects\[1\] is of type 0;/,
  },
  {
    name: 'a type by another name than its first',
    forge: (draft) => add(draft, TYPE.bytesAgain, 0),
    message: /objects\[5\] is of type 6; it must be of the first type that is equal to it, 4/,
  },
  {
    name: 'an exception of a tag that does not exist',
    forge: (draft) => add(draft, 0x8000_0002, 0),
    message: /objects\[5\] is of type 2147483650;/,
  },
  {
    name: 'an array longer than the bytes',
    forge: ({ words }) => (words[AT.links + 1] = 0xffff_ffff),
    message: /objects\[4\] is more than the bytes that are there/,
  },
  {
    name: 'an array shorter than the bytes',
    forge: ({ words }) => (words[AT.links + 1] = 1),
    message: /objects has 84 bytes; its objects take 80/,
  },
  {
    name: 'bytes behind the last object',
    forge: ({ words }) => words.push(0),
    message: /objects has 88 bytes; its objects take 84/,
  },
  {
    name: 'an object too many',
    forge: (draft) => draft.count++,
    message: /objects\[5\] is more than the bytes that are there/,
  },
  {
    name: 'an object cut off',
    forge: (draft) => add(draft, TYPE.link, 1),
    message: /objects\[5\] is more than the bytes that are there/,
  },
  {
    name: 'a reference to nothing',
    forge: ({ words }) => (words[AT.first + 2] = word(5)),
    message: /objects\[1\] is a reference to nothing \(24\) in field 1/,
  },
  {
    name: 'another reference to nothing',
    forge: ({ words }) => (words[AT.holder + 1] = other(1)),
    message: /objects\[0\] is a reference to nothing \(6\) in field 0/,
  },
  {
    name: 'an object of another type',
    forge: ({ words }) => (words[AT.first + 2] = word(OBJECT.strict)),
    message: /objects\[1\] is \(ref 5\) in field 1; it must be one with \(ref null 2\) there/,
  },
  {
    name: 'an i31 where a struct must be',
    forge: ({ words }) => (words[AT.first + 2] = i31(3)),
    message: /objects\[1\] is \(ref i31\) in field 1/,
  },
  {
    name: 'a struct where an i31 must be',
    forge: ({ words }) => (words[AT.strict + 2] = word(OBJECT.first)),
    message: /objects\[3\] is \(ref 2\) in field 1/,
  },
  {
    name: 'null where none may be',
    forge: ({ words }) => (words[AT.strict + 1] = 0),
    message: /objects\[3\] is null in field 0/,
  },
  {
    name: 'null in an array without',
    forge: ({ words }) => (words[AT.links + 3] = 0),
    message: /objects\[4\] is null in field 1/,
  },
  {
    name: 'a function of another type',
    forge: ({ references }) => (references[0] = { kind: 'func', index: 3 }),
    message: /objects\[3\] is \(ref 8\) in field 0; it must be one with \(ref 0\)/,
  },
  {
    name: 'a function that does not exist',
    forge: ({ references }) => references.push({ kind: 'func', index: 999 }),
    message: /references\[1\] is function 999; it must be below/,
  },
  {
    name: 'null among the references',
    forge: ({ references }) => references.push(null),
    message: /references\[1\] is neither/,
  },
  {
    name: 'an object among the references',
    forge: ({ references }) => references.push(object(0)),
    message: /references\[1\] is neither/,
  },
  {
    name: 'a handle for a host that has none',
    forge: ({ references }) => references.push({ kind: 'extern', handle: 1 }),
    message: /references\[1\] is a host handle/,
  },
  {
    name: 'an exception among structs',
    forge: (draft) => {
      add(draft, 0x8000_0000, 7);
      draft.words[AT.holder + 1] = word(OBJECT.next);
    },
    message: /objects\[0\] is \(ref exn\) in field 0/,
  },
  {
    name: 'a struct among exceptions',
    forge: ({ words }) => (words[AT.holder + 4] = word(OBJECT.first)),
    message: /objects\[0\] is \(ref 2\) in field 3/,
  },
  {
    name: 'an immutable ring of one',
    forge: (draft) => add(draft, TYPE.link, 1, 0, word(OBJECT.next)),
    message: /objects\[5\] is a part of itself by immutable fields/,
  },
  {
    name: 'an immutable ring of two',
    forge: (draft) => {
      add(draft, TYPE.link, 1, 0, word(OBJECT.next + 1));
      add(draft, TYPE.link, 2, 0, word(OBJECT.next));
    },
    message: /objects\[6\] is a part of itself by immutable fields/,
  },
  {
    name: 'a constant that the module did not make',
    forge: ({ words }) => (words[AT.first + 1] = 9),
    message: /objects\[1\] is other than; it must be what the module made/,
  },
  {
    name: 'a constant that refers elsewhere',
    forge: ({ words }) => (words[AT.second + 3] = word(OBJECT.second)),
    message: /objects\[2\] is another object|objects\[2\] is other than|objects\[2\] is a part of itself/,
  },
  {
    name: 'a constant that refers to nothing',
    forge: ({ words }) => (words[AT.second + 3] = 0),
    message: /objects\[2\] is other than/,
  },
  {
    name: 'two constants in one',
    forge: ({ globals }) => (globals[GLOBAL.second] = object(OBJECT.first)),
    message: /objects\[1\] is another object; it must be the one that the module made/,
  },
  {
    name: 'a constant of another type',
    forge: ({ globals }) => (globals[GLOBAL.first] = object(OBJECT.links)),
    message: /objects\[4\] is of another type or length/,
  },
  {
    name: 'a constant that does not exist',
    forge: ({ globals }) => (globals[GLOBAL.first] = object(77)),
    message: /globals\[1\] is object 77; it must be below 5/,
  },
  {
    name: 'a global of another type',
    forge: ({ globals }) => (globals[GLOBAL.strict] = object(OBJECT.first)),
    message: /globals\[3\] is \(ref 2\); it must be \(ref 5\)/,
  },
  {
    name: 'a global without an object',
    forge: ({ globals }) => (globals[GLOBAL.strict] = object(99)),
    message: /globals\[3\] is a reference to nothing/,
  },
  {
    name: 'a global that is null',
    forge: ({ globals }) => (globals[GLOBAL.strict] = null),
    message: /globals\[3\] is null; it must be \(ref 5\)/,
  },
  {
    name: 'a number in a global of references',
    forge: ({ globals }) => (globals[GLOBAL.strict] = 1),
    message: /globals\[3\] is not a reference/,
  },
  {
    name: 'an i31 as an array',
    forge: ({ globals }) => (globals[GLOBAL.links] = { kind: 'i31', value: 1 }),
    message: /globals\[4\] is an i31; it must be \(ref null 3\)/,
  },
  {
    name: 'a struct as an exception',
    forge: ({ globals }) => (globals[GLOBAL.exn] = object(OBJECT.first)),
    message: /globals\[5\] is \(ref 2\); it must be exnref/,
  },
  {
    name: 'a function as an exception',
    forge: ({ globals }) => (globals[GLOBAL.exn] = { kind: 'func', index: 1 }),
    message: /globals\[5\] is a reference of kind func; it must be exnref/,
  },
  {
    name: 'a struct as a function',
    forge: ({ globals }) => (globals[GLOBAL.step] = object(OBJECT.first)),
    message: /globals\[8\] is \(ref 2\); it must be \(ref 0\)/,
  },
  {
    name: 'an exception as an externref',
    forge: (draft) => {
      add(draft, 0x8000_0000, 7);
      draft.table = [object(OBJECT.next)];
    },
    message: /tables\[0\]\.runs\[0\]\.values\[0\] is \(ref exn\); it must be externref/,
  },
  {
    name: 'references to a heap that is not there',
    forge: (draft) => (draft.heapless = true),
    message: /globals\[3\] is a reference to an object, of which there are none/,
  },
];

describe.each(['throw', 'flag'] as const)('unwinding by %s', (unwind) => {
  let module: LoadedModule;
  let snapshot: Snapshot;
  const options = { imports: { env: { fail: (value: number) => value } } };

  beforeAll(async () => {
    module = await loadModule(heapSubject(), { unwind });
    snapshot = decodeSnapshot((await createWorker(module, options)).snapshot());
  });

  function forged(forge: (draft: Draft) => void): Uint8Array {
    const [instance] = snapshot.instances;
    const heap = instance?.heap;
    if (instance === undefined || heap === undefined) throw new Error('a fresh worker has objects');
    const view = new DataView(heap.objects.buffer, heap.objects.byteOffset, heap.objects.byteLength);
    const words = Array.from({ length: view.byteLength / 4 }, (_, at) => view.getUint32(at * 4, true));
    const draft: Draft = {
      words,
      count: heap.count,
      references: [...heap.references],
      globals: [...instance.globals],
      table: [],
      heapless: false,
    };
    forge(draft);
    const objects = new Uint8Array(Uint32Array.from(draft.words).buffer);
    const { heap: _, ...rest } = instance;
    return encodeSnapshot({
      ...snapshot,
      instances: [
        {
          ...rest,
          globals: draft.globals,
          tables: [{ length: 2, runs: draft.table.length === 0 ? [] : [{ offset: 0, values: draft.table }] }],
          ...(draft.heapless ? {} : { heap: { count: draft.count, objects, references: draft.references } }),
        },
      ],
    });
  }

  it('the heap that is forged has five objects and a function', () => {
    const heap = snapshot.instances[0]?.heap;
    expect(heap).toMatchObject({ count: 5, references: [{ kind: 'func', index: 1 }] });
    expect(heap?.objects.byteLength).toBe(AT.end * 4);
  });

  it('what is not forged is taken up; objects that nothing leads to are forgotten', async () => {
    const same = forged(() => undefined);
    expect((await restoreWorker(module, same, options)).snapshot()).toEqual(same);
    const more = forged((draft) => {
      add(draft, TYPE.link, 1, word(OBJECT.next), word(OBJECT.first));
      add(draft, TYPE.bytes, 4, 0x0403_0201);
      add(draft, 0x8000_0000, 7);
    });
    expect((await restoreWorker(module, more, options)).snapshot()).toEqual(same);
  });

  it.each(CASES.map((entry) => [entry.name, entry] as const))('%s', async (_name, { forge, message }) => {
    await expect(restoreWorker(module, forged(forge), options)).rejects.toMatchObject({
      code: 'SNAPSHOT_MISMATCH',
      message: expect.stringMatching(message) as string,
    });
  });

  it('more objects than bytes are not even counted', async () => {
    const bytes = forged((draft) => (draft.count = 16_000_000));
    await expect(restoreWorker(module, bytes, options)).rejects.toMatchObject({ code: 'SNAPSHOT_MALFORMED' });
  });
});
