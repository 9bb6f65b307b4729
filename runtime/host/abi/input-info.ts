/** The description of an input: its members in one order, which a guest sees and a move must not change. */
import type { StateField } from '../state-field.ts';
import { isName } from './name-syntax.ts';
import { type Caller, INPUT_KINDS, type InputInfo } from './types.ts';

const CALLER_KINDS = ['client', 'worker', 'node'] as const;

type OptionalInfo = Omit<InputInfo, 'id' | 'kind'>;

function readName(field: StateField): string {
  const text = field.text();
  return isName(text) ? text : field.malformed('a name');
}

/** Pairs of texts. */
export const readPairs = (field: StateField): (readonly [string, string])[] =>
  field.array().map((pair) => {
    const [name, value] = pair.tuple(2);
    return [name.text(), value.text()];
  });

/** One optional field of an input's description: how it is read. */
const INFO_FIELDS = {
  caller: readCaller,
  from: readName,
  topic: readName,
  timer: readName,
  dueMs: (field) => field.integer(0),
  reply: (field) => field.boolean(),
  deadlineMs: (field) => field.integer(0),
  method: readName,
  url: (field) => field.text(),
  headers: readPairs,
  traceparent: readName,
} as const satisfies {
  readonly [Name in keyof OptionalInfo]: (field: StateField) => InputInfo[Name];
};

/** Checks a description of a snapshot. */
export function readInfo(field: StateField): InputInfo {
  const optional = Object.entries(INFO_FIELDS).flatMap(([name, read]) => {
    const found = field.get(name);
    return found.isNull ? [] : [[name, read(found)] as const];
  });
  return {
    id: field.get('id').text(),
    kind: field.get('kind').oneOf(INPUT_KINDS),
    ...(Object.fromEntries(optional) as OptionalInfo), // INFO_FIELDS has their types
  };
}

function readCaller(field: StateField): Caller {
  const tenant = field.get('tenant');
  return {
    kind: field.get('kind').oneOf(CALLER_KINDS),
    name: field.get('name').text(),
    ...(tenant.isNull ? {} : { tenant: tenant.text() }),
  };
}

/** The same description with its members in order, and no others. */
export function orderedInfo(info: InputInfo): InputInfo {
  const optional = (Object.keys(INFO_FIELDS) as (keyof OptionalInfo)[]).flatMap((name) =>
    // keys of the table
    info[name] === undefined ? [] : [[name, name === 'caller' ? orderedCaller(info.caller) : info[name]] as const],
  );
  return { id: info.id, kind: info.kind, ...(Object.fromEntries(optional) as OptionalInfo) }; // INFO_FIELDS has their types
}

function orderedCaller(caller: Caller | undefined): Caller | undefined {
  if (caller === undefined) return undefined;
  const { kind, name, tenant } = caller;
  return { kind, name, ...(tenant === undefined ? {} : { tenant }) };
}
