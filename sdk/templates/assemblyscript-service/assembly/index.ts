import { kv, log } from 'pluvio/assembly';

/** Somebody who was greeted, and how often. */
export class Guest {
  name: string = '';
  visits: i32 = 0;
}

function visitsOf(name: string): i32 {
  const text = kv.getText('visits/' + name);
  return text === null ? 0 : I32.parseInt(text);
}

/** Greets somebody, and remembers it. */
export function greet(name: string): string {
  const visits = visitsOf(name) + 1;
  kv.setText('visits/' + name, visits.toString());
  log.info('greeted ' + name);
  return visits == 1 ? `Hello, ${name}!` : `Hello again, ${name}! (${visits})`;
}

/** Everybody who was greeted. */
export function guests(): Guest[] {
  const found: Guest[] = [];
  const names = kv.list('visits/').names;
  for (let i = 0; i < names.length; i++) {
    const guest = new Guest();
    guest.name = names[i].slice('visits/'.length);
    guest.visits = visitsOf(guest.name);
    found.push(guest);
  }
  return found;
}
