import type { ValueType } from '../../../component/value-types.ts';
import type { Codec } from './codec.ts';
import { handleCodec } from './handles.ts';
import { listCodec } from './lists.ts';
import { numberListCodec } from './number-lists.ts';
import { primitiveCodec } from './primitives.ts';
import { flagsCodec, recordCodec, tupleCodec } from './products.ts';
import { enumCodec, optionCodec, resultCodec, variantCodec } from './sums.ts';
import { textCodec } from './texts.ts';

type Of<Kind extends ValueType['kind']> = Extract<ValueType, { readonly kind: Kind }>;

/** Codecs by type, made once. */
const known = new WeakMap<ValueType, Codec>();

export function codecOf(type: ValueType): Codec {
  let made = known.get(type);
  if (made === undefined) known.set(type, (made = makeCodec(type)));
  return made;
}

const optional = (type: ValueType | undefined): Codec | undefined => type && codecOf(type);

const listOf = (type: Of<'list'>): Codec => {
  const element = codecOf(type.element);
  return numberListCodec(type, element) ?? listCodec(type, element);
};

function makeCodec(type: ValueType): Codec {
  switch (type.kind) {
    case 'string':
      return textCodec(type);
    case 'list':
      return listOf(type);
    case 'record':
      return recordCodec(
        type,
        type.fields.map(([, field]) => codecOf(field)),
      );
    case 'tuple':
      return tupleCodec(type, type.types.map(codecOf));
    case 'flags':
      return flagsCodec(type);
    case 'enum':
      return enumCodec(type);
    case 'variant':
      return variantCodec(
        type,
        type.cases.map(([, payload]) => optional(payload)),
      );
    case 'option':
      return optionCodec(type, codecOf(type.some));
    case 'result':
      return resultCodec(type, [optional(type.ok), optional(type.err)]);
    case 'own':
    case 'borrow':
      return handleCodec(type);
    default:
      return primitiveCodec(type as Parameters<typeof primitiveCodec>[0]); // all other kinds were told apart
  }
}
