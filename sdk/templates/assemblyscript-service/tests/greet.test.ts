import { greet, guests } from '../assembly/index';

export function greets(): void {
  assert(greet('Ada') == 'Hello, Ada!', 'the first time');
  assert(greet('Ada') == 'Hello again, Ada! (2)', 'the second time');
}

export function remembersGuests(): void {
  greet('Ada');
  greet('Grace');
  greet('Grace');
  const all = guests();
  assert(all.length == 2, 'two guests');
  assert(all[1].name == 'Grace' && all[1].visits == 2, 'Grace came twice');
}
