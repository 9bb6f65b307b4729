import { countVisit, pathOf } from '../assembly/index';

export function countsEachPath(): void {
  assert(countVisit('/a') == 1, 'the first time');
  assert(countVisit('/a') == 2, 'the second time');
  assert(countVisit('/b') == 1, 'another path');
}

export function findsThePath(): void {
  assert(pathOf('http://127.0.0.1:8080/a/b?c=1') == '/a/b', 'with a query');
  assert(pathOf('http://example.com') == '/', 'without a path');
}
