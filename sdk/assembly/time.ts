import { encode, startOf, takeResult } from './bytes';
import { JsonReader } from './json-reader';
import * as abi from './pluvio_v1';
import { done, Status, statusName } from './status';

/** The clock, and waiting. */
export namespace time {
  /**
   * Nanoseconds since 1970. The clock may jump, also backwards.
   *
   * @example assert(time.nowNs() > 1700000000000000000);
   */
  export function nowNs(): i64 {
    const ns = abi.time_now();
    if (ns < 0) abort('time.nowNs: ' + statusName(ns));
    return ns;
  }

  /**
   * Milliseconds since 1970.
   *
   * @example assert(time.nowMs() > 1700000000000);
   */
  export function nowMs(): i64 {
    return nowNs() / 1000000;
  }

  /**
   * Waits. The worker takes no thread meanwhile, and can be kept and moved. `CANCELLED`: nobody waits for the answer any more.
   *
   * @example time.sleep(5).expect();
   */
  export function sleep(ms: i64): Status {
    return new Status(abi.sleep(ms), 'time.sleep');
  }
}

/** A timer that is set. */
export class Timer {
  id: string = '';
  dueMs: i64 = 0;
  /** Of one that comes again and again. */
  expression: string | null = null;
}

function readTimer(json: JsonReader): Timer {
  const timer = new Timer();
  json.beginObject();
  for (let name = json.nextMember(); name !== null; name = json.nextMember()) {
    if (name == 'id') timer.id = json.string();
    else if (name == 'dueMs') timer.dueMs = <i64>json.f64();
    else if (name == 'expression') timer.expression = json.takeNull() ? null : json.string();
    else json.skip();
  }
  return timer;
}

const NOTHING = new Uint8Array(0);

/** Timers: each comes as an input of kind `timer`, also after a crash or a move. Capability `timers`. */
export namespace timers {
  /**
   * Sets a timer that comes once, in place of one with that id.
   *
   * @example timers.after("remind", 60000, encode("tea")); assert(timers.list()[0].id == "remind"); timers.cancel("remind");
   */
  export function after(id: string, ms: i64, payload: Uint8Array = NOTHING): void {
    tryAfter(id, ms, payload).expect();
  }

  /**
   * As `after`; `QUOTA`: there are as many timers as there may be.
   *
   * @example assert(timers.tryAfter("bad", -5).name == "INVALID");
   */
  export function tryAfter(id: string, ms: i64, payload: Uint8Array = NOTHING): Status {
    const bytes = encode(id);
    return new Status(
      abi.timer_set(startOf(bytes), bytes.length, ms, startOf(payload), payload.length),
      'timers.after ' + id,
    );
  }

  /**
   * Sets a timer that comes again and again: `minute hour day month weekday`, UTC.
   *
   * @example timers.cron("nightly", "0 3 * * *"); assert(timers.list()[0].expression == "0 3 * * *"); timers.cancel("nightly");
   */
  export function cron(id: string, expression: string, payload: Uint8Array = NOTHING): void {
    tryCron(id, expression, payload).expect();
  }

  /**
   * As `cron`; `INVALID`: the expression is none, `QUOTA`: there are as many timers as there may be.
   *
   * @example assert(timers.tryCron("bad", "99 * * * *").name == "INVALID");
   */
  export function tryCron(id: string, expression: string, payload: Uint8Array = NOTHING): Status {
    const bytes = encode(id);
    const text = encode(expression);
    return new Status(
      abi.cron_set(startOf(bytes), bytes.length, startOf(text), text.length, startOf(payload), payload.length),
      'timers.cron ' + id,
    );
  }

  /**
   * Removes a timer; false: there was none.
   *
   * @example timers.after("x", 60000); assert(timers.cancel("x")); assert(!timers.cancel("x"));
   */
  export function cancel(id: string): bool {
    const bytes = encode(id);
    const code = abi.timer_cancel(startOf(bytes), bytes.length);
    return code != abi.NOT_FOUND && done('timers.cancel ' + id, code) >= 0;
  }

  /**
   * All timers, by id.
   *
   * @example assert(timers.list().length == 0);
   */
  export function list(): Timer[] {
    const json = new JsonReader(takeResult(done('timers.list', abi.timer_list())));
    const found: Timer[] = [];
    json.beginArray();
    while (json.nextItem()) found.push(readTimer(json));
    return found;
  }
}
