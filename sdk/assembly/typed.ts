/** What the code that `pluvio build` writes for typed exports is made of. */
import { decodeBase64 } from './base64';
import { startOf, takeInput } from './bytes';
import { JsonReader } from './json-reader';
import { JsonWriter } from './json-writer';
import { output_write } from './pluvio_v1';
import { done } from './status';

export { encodeBase64 } from './base64';
export { JsonReader } from './json-reader';
export { JsonWriter } from './json-writer';

/** A call that ended with a trap has left its frames on the collector's stack: each call begins with an empty one. */
export function begin(): void {
  __stack_pointer = __heap_base;
}

/** The arguments of a call: a JSON array, or nothing at all for none. */
export class Arguments {
  readonly json: JsonReader;
  private readonly isEmpty: bool;

  constructor(private readonly name: string) {
    const bytes = takeInput();
    this.isEmpty = bytes.length == 0;
    this.json = new JsonReader(bytes);
    this.json.context = 'arguments of ' + name;
    if (!this.isEmpty) this.json.beginArray();
  }

  /** The argument that is read next must be there. */
  next(param: string): void {
    if (!this.hasNext(param)) abort(`arguments of ${this.name}: there is none for ${param}`);
  }

  /** Whether there is an argument for the parameter, which is read next. */
  hasNext(param: string): bool {
    if (this.isEmpty || !this.json.nextItem()) return false;
    this.json.context = `argument ${param} of ${this.name}`;
    return true;
  }

  /** There may be no more. */
  end(): void {
    this.json.context = 'arguments of ' + this.name;
    if (this.isEmpty) return;
    if (this.json.nextItem()) this.json.fault("']': there are more arguments than parameters");
    this.json.end();
  }
}

/** Gives the result of a call. */
export function give(json: JsonWriter): void {
  const bytes = json.bytes();
  done('the result', output_write(startOf(bytes), bytes.length));
}

/** The result of a function that gives nothing. */
export function giveNothing(): void {
  const json = new JsonWriter();
  json.null();
  give(json);
}

export function readBytes(json: JsonReader): Uint8Array {
  const start = json.start();
  const bytes = decodeBase64(json.string());
  if (bytes === null) json.faultFrom(start, 'base64');
  return bytes!;
}

/** Ends the call: a member of an object is not there. */
export function missing(json: JsonReader, member: string, owner: string): void {
  abort(`${json.context}: member ${member} of ${owner} is missing`);
}
