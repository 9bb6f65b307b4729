import { takeResult, takeText } from './bytes';
import { JsonReader } from './json-reader';
import { caller_info, NOT_FOUND, self_info, trace_context } from './pluvio_v1';
import { done } from './status';

/** Who an input comes from. */
export class Caller {
  /** `client`, `worker` or `node`. */
  kind: string = '';
  name: string = '';
  tenant: string | null = null;
}

export function readCaller(json: JsonReader): Caller {
  const caller = new Caller();
  json.beginObject();
  for (let name = json.nextMember(); name !== null; name = json.nextMember()) {
    if (name == 'kind') caller.kind = json.string();
    else if (name == 'name') caller.name = json.string();
    else if (name == 'tenant') caller.tenant = json.string();
    else json.skip();
  }
  return caller;
}

/** Who is who. */
export namespace identity {
  /**
   * The name of this worker.
   *
   * @example assert(identity.self() == "examples");
   */
  export function self(): string {
    const json = new JsonReader(takeResult(done('identity.self', self_info())));
    let self = '';
    json.beginObject();
    for (let name = json.nextMember(); name !== null; name = json.nextMember()) {
      if (name == 'name') self = json.string();
      else json.skip();
    }
    return self;
  }

  /**
   * Who the current input comes from; null: there is none.
   *
   * @example assert(identity.caller()!.kind == "client");
   */
  export function caller(): Caller | null {
    const length = caller_info();
    if (length == NOT_FOUND) return null;
    return readCaller(new JsonReader(takeResult(done('identity.caller', length))));
  }
}

/** Tracing across workers (W3C Trace Context). */
export namespace trace {
  /**
   * `traceparent` of the current input; null: it has none. Messages and requests carry it on by themselves.
   *
   * @example const parent = trace.parent(); assert(parent === null || parent.length == 55);
   */
  export function parent(): string | null {
    const length = trace_context();
    return length == NOT_FOUND ? null : takeText(done('trace.parent', length));
  }
}
