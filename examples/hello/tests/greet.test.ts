import { greet, greeted } from '../assembly/index';

export function greetsInSeveralLanguages(): void {
  assert(greet('Ada') == 'Hello, Ada!', 'without a language');
  assert(greet('Ada', 'de') == 'Guten Tag, Ada!', 'in one of the configuration');
  assert(greet('Ada', 'xx') == 'Hello, Ada!', 'in one that is not there');
}

export function remembersOnce(): void {
  greet('Ada');
  greet('Ada');
  assert(greeted().length == 1, 'the same name');
}
