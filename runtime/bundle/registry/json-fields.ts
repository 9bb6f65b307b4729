/** Fields of JSON that others wrote, of which only some are looked at. */

/** An own field of what may be an object. */
export function fieldOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Object.getOwnPropertyDescriptor(value, name)?.value : undefined;
}

/** The items of a field that is a list; undefined: it is none. */
export function itemsOf(value: unknown, name: string): readonly unknown[] | undefined {
  const items = fieldOf(value, name);
  return Array.isArray(items) ? (items as readonly unknown[]) : undefined;
}
