/** The codec of lists whose elements are no numbers of fixed size. */
import type { ValueType } from '../../../component/value-types.ts';
import type { ComponentValue } from '../component-host.ts';
import { type Codec, HOST_BYTES } from './codec.ts';
import { checkElements, codecOfElsewhere, type Elsewhere } from './elsewhere.ts';

export function listCodec(type: ValueType, element: Codec): Codec {
  const { sizeBytes, align } = element;
  const kind: Elsewhere = {
    written: 0,
    check: (value) => checkElements(value, type, element),
    read: (address, length, context) => {
      const end = (address >>> 0) + context.lifts(address, length, element, HOST_BYTES.array);
      const values: ComponentValue[] = [];
      for (let at = address >>> 0; at < end; at += sizeBytes) values.push(element.load(at, context));
      return values;
    },
    write: (value, context) => {
      const values = value as readonly unknown[]; // was checked
      const address = context.alloc(values.length * sizeBytes, align);
      for (let index = 0; index < values.length; index++) {
        element.store(values[index], address + index * sizeBytes, context);
      }
      kind.written = values.length;
      return address;
    },
  };
  return codecOfElsewhere(kind);
}
