import { timers } from 'pluvio/assembly';
import { recall, remember, remind } from '../assembly/index';

export function remembers(): void {
  remember('the key is under the mat');
  remember('the mat is blue');
  assert(recall('mat').length == 2, 'both have the word');
  assert(recall('key')[0] == 'the key is under the mat', 'one has this word');
}

export function setsATimer(): void {
  remind('tea', 60000);
  assert(timers.list()[0].id == 'remind/tea', 'it is set');
}
