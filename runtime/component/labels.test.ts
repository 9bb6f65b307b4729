import { describe, expect, it } from 'vitest';
import { componentOf } from '../../test/component/tools.ts';
import { decodeComponent } from './decode-component.ts';
import { isLabel } from './labels.ts';

const GOOD = ['a', 'A', 'ab-cd', 'HTTP-get', 'get-HTTP-2', 'a1-2b-3', 'x-9'];
const BAD = ['', '-', 'a-', '-a', 'a--b', '1a', 'aB', 'Ab', 'a_b', 'a b', 'a.b', 'ä', '__proto__', 'a\0'];

/** The bytes of a component with another name in it, of the same length. */
function renamed(bytes: Uint8Array, from: string, to: string): Uint8Array {
  const text = Buffer.from(bytes).toString('latin1');
  expect(text.split(from)).toHaveLength(2);
  return new Uint8Array(Buffer.from(text.replace(from, to), 'latin1'));
}

describe('a label', () => {
  it.each(GOOD)('%j is one', (label) => {
    expect(isLabel(label)).toBe(true);
  });

  it.each(BAD)('%j is none', (label) => {
    expect(isLabel(label)).toBe(false);
  });
});

describe('a component', () => {
  it.each([
    ['a field', '(type (record (field "labelled" u8)))'],
    ['a case', '(type (variant (case "labelled")))'],
    ['a flag', '(type (flags "labelled"))'],
    ['an enum', '(type (enum "labelled"))'],
    ['a parameter', '(type (func (param "labelled" u8)))'],
  ])('with %s that has no name in kebab-case is refused', async (_, text) => {
    const bytes = await componentOf(`(component ${text})`);
    decodeComponent(bytes);
    decodeComponent(renamed(bytes, 'labelled', 'LAB-2led'));
    for (const name of ['labelleD', '1abelled', 'lab_lled', '-abelled', '__proto_']) {
      expect(() => decodeComponent(renamed(bytes, 'labelled', name)), name).toThrow(
        expect.objectContaining({
          code: 'COMPONENT_MALFORMED',
          message: expect.stringContaining(`"${name}" is no name in kebab-case`) as unknown,
        }) as Error,
      );
    }
  });

  it.each([
    ['fields', '(type (record (field "first" u8) (field "other" u8)))'],
    ['cases', '(type (variant (case "first") (case "other")))'],
    ['flags', '(type (flags "first" "other"))'],
    ['an enum', '(type (enum "first" "other"))'],
    ['parameters', '(type (func (param "first" u8) (param "other" u8)))'],
  ])('with %s of the same name is refused', async (_, text) => {
    const bytes = await componentOf(`(component ${text})`);
    for (const name of ['first', 'FIRST']) {
      expect(() => decodeComponent(renamed(bytes, 'other', name))).toThrow(/is there more than once/u);
    }
  });
});
