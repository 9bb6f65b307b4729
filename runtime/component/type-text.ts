/** Types as text. */
import { type FunctionType, resourceKey, type ResourceType, type ValueType } from './value-types.ts';

/** How handles are written. */
type HandleText = (kind: 'own' | 'borrow', resource: ResourceType) => string;

const inWit: HandleText = (kind, { name }) => (kind === 'own' ? name : `borrow<${name}>`);
const exact: HandleText = (kind, resource) => `${kind}<${resourceKey(resource)}>`;

function textOf(type: ValueType, handle: HandleText): string {
  const text = (inner: ValueType | undefined): string => (inner === undefined ? '_' : textOf(inner, handle));
  switch (type.kind) {
    case 'record':
      return `record { ${type.fields.map(([name, field]) => `${name}: ${text(field)}`).join(', ')} }`;
    case 'variant':
      return `variant { ${type.cases.map(([name, payload]) => (payload ? `${name}(${text(payload)})` : name)).join(', ')} }`;
    case 'list':
      return `list<${text(type.element)}>`;
    case 'tuple':
      return `tuple<${type.types.map(text).join(', ')}>`;
    case 'flags':
    case 'enum':
      return `${type.kind} { ${type.labels.join(', ')} }`;
    case 'option':
      return `option<${text(type.some)}>`;
    case 'result':
      if (type.err !== undefined) return `result<${text(type.ok)}, ${text(type.err)}>`;
      return type.ok === undefined ? 'result' : `result<${text(type.ok)}>`;
    case 'own':
    case 'borrow':
      return handle(type.kind, type.resource);
    default:
      return type.kind;
  }
}

/** The type as WIT has it. */
export const valueTypeText = (type: ValueType): string => textOf(type, inWit);

/** The function's type as WIT has it. */
export function functionTypeText({ params, result }: FunctionType): string {
  const list = params.map(([name, type]) => `${name}: ${valueTypeText(type)}`).join(', ');
  return result === undefined ? `func(${list})` : `func(${list}) -> ${valueTypeText(result)}`;
}

/** What two functions have in common that take and give the same values: `(borrow<wasi:io/poll@0.2/pollable>) -> bool`. */
export function functionSignature({ params, result }: FunctionType): string {
  const list = params.map(([, type]) => textOf(type, exact)).join(', ');
  return result === undefined ? `(${list})` : `(${list}) -> ${textOf(result, exact)}`;
}
