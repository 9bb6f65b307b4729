import { decode, encode, input, log, output, timers } from 'pluvio/assembly';

/** What the agent remembers lies in its memory: it is kept, moves, and comes back after a crash with all else. */
const facts: string[] = [];

export function remember(fact: string): i32 {
  facts.push(fact);
  return facts.length;
}

/** What was remembered with that word in it. */
export function recall(word: string): string[] {
  const found: string[] = [];
  for (let i = 0; i < facts.length; i++) if (facts[i].includes(word)) found.push(facts[i]);
  return found;
}

/** Reminds of something after a time, by the log. */
export function remind(what: string, afterMs: i32): void {
  timers.after('remind/' + what, afterMs, encode(what));
}

/** Messages and timers come here. */
export function pluvio_input(): void {
  const info = input.info()!;
  if (info.kind == 'timer') {
    const what = decode(input.bytes());
    facts.push('reminded of ' + what);
    log.info('remember: ' + what);
    return;
  }
  output.text(remember(input.text()).toString());
}
