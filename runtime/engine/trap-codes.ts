/** Why a guest trapped; docs/errors.md has this table. */
export const TRAP_CODES = {
  unreachable: 'The guest executed `unreachable`: it gave up by itself.',
  'memory-out-of-bounds': 'An address was beyond the memory, or a data segment too short.',
  'table-out-of-bounds': 'An index was beyond a table, or an element segment too short.',
  'array-out-of-bounds': 'An index was beyond an array.',
  'divide-by-zero': 'An integer was divided by zero.',
  'integer-overflow': 'The result of a division does not fit its type.',
  'invalid-conversion': 'A float that is no number, or too large, was converted to an integer.',
  'indirect-call-null': 'A table had no function at the index that was called.',
  'indirect-call-type': 'A function that was called by an index or reference has another type.',
  'null-reference': 'A reference that was used is null.',
  'cast-failure': 'A reference is not of the type that it was cast to.',
  exception: 'An exception of the guest or of a host function left the outermost function.',
  'stack-overflow': 'The stack of this engine was exhausted.',
  'canonical-abi':
    'A component broke a rule at its edge: a handle, address, text or call that the canonical ABI or WASI does not allow.',
  'host-limit': 'A component asked its host for more than a limit allows; the message names it.',
  cancelled: 'Whoever embeds the guest gave the call up.',
  unknown: 'The engine does not tell; the message is its own.',
} as const satisfies Readonly<Record<string, string>>;

/** Why a guest trapped; docs/errors.md says of each what it is about. */
export type TrapCode = keyof typeof TRAP_CODES;
