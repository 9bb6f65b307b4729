import type { Attack } from './attack.ts';
import { BODY_ATTACKS } from './attacks-bodies.ts';
import { CONNECTION_ATTACKS } from './attacks-connections.ts';
import { SYNTAX_ATTACKS } from './attacks-syntax.ts';

/** Every way to misbehave, by name. */
export const ATTACKS: Readonly<Record<string, Attack>> = { ...SYNTAX_ATTACKS, ...BODY_ATTACKS, ...CONNECTION_ATTACKS };
