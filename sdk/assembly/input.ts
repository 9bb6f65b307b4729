import { decode, encode, startOf, takeInput, takeResult } from './bytes';
import { Header, readHeaders, writeHeaders } from './headers';
import { Caller, readCaller } from './identity';
import { JsonReader } from './json-reader';
import { JsonWriter } from './json-writer';
import { input_read, message_info, NOT_FOUND, output_head, output_write } from './pluvio_v1';
import { done } from './status';

/** What an input is. */
export class InputInfo {
  id: string = '';
  /** `call`, `message`, `timer`, `topic` or `http`. */
  kind: string = '';
  caller: Caller | null = null;
  /** The worker that sent a message. */
  from: string | null = null;
  topic: string | null = null;
  timer: string | null = null;
  /** When a timer was due; 0: it is none. */
  dueMs: i64 = 0;
  /** Whether somebody waits for a reply. */
  expectsReply: bool = false;
  /** When nobody waits any more; 0: nothing says so. */
  deadlineMs: i64 = 0;
  /** Of an HTTP request. */
  method: string | null = null;
  /** Address of an HTTP request, as a whole. */
  url: string | null = null;
  headers: Header[] = [];
  traceparent: string | null = null;

  /**
   * The first header of that name in any case; null: there is none.
   *
   * @example assert(input.info()!.header("host") == null);
   */
  header(name: string): string | null {
    const wanted = name.toLowerCase();
    for (let i = 0; i < this.headers.length; i++) {
      if (this.headers[i].name.toLowerCase() == wanted) return this.headers[i].value;
    }
    return null;
  }
}

function readInfo(json: JsonReader): InputInfo {
  const info = new InputInfo();
  json.beginObject();
  for (let name = json.nextMember(); name !== null; name = json.nextMember()) {
    if (json.takeNull()) continue;
    if (name == 'id') info.id = json.string();
    else if (name == 'kind') info.kind = json.string();
    else if (name == 'caller') info.caller = readCaller(json);
    else if (name == 'from') info.from = json.string();
    else if (name == 'topic') info.topic = json.string();
    else if (name == 'timer') info.timer = json.string();
    else if (name == 'dueMs') info.dueMs = <i64>json.f64();
    else if (name == 'reply') info.expectsReply = json.bool();
    else if (name == 'deadlineMs') info.deadlineMs = <i64>json.f64();
    else if (name == 'method') info.method = json.string();
    else if (name == 'url') info.url = json.string();
    else if (name == 'headers') info.headers = readHeaders(json);
    else if (name == 'traceparent') info.traceparent = json.string();
    else json.skip();
  }
  return info;
}

/** The current input: the call of an export, or the message taken last. */
export namespace input {
  /**
   * Its body; empty where there is none.
   *
   * @example assert(input.bytes().length == 0);
   */
  export function bytes(): Uint8Array {
    return takeInput();
  }

  /**
   * A part of its body: from that offset on what has come, at most so many bytes. Of a body that is still on its way it waits for more; empty:
   * that was all. Aborts if the body broke off.
   *
   * @example
   * let length = 0;
   * for (let part = input.part(0); part.length > 0; part = input.part(length)) length += part.length;
   * assert(length == 0);
   */
  export function part(offset: i32, most: i32 = 65536): Uint8Array {
    const bytes = new Uint8Array(most);
    return bytes.subarray(0, done('input.part', input_read(bytes.dataStart, most, offset)));
  }

  /**
   * Its body as text.
   *
   * @example assert(input.text() == "");
   */
  export function text(): string {
    return decode(takeInput());
  }

  /**
   * What it is; null: there is none.
   *
   * @example assert(input.info()!.kind == "call");
   */
  export function info(): InputInfo | null {
    const length = message_info();
    return length == NOT_FOUND ? null : readInfo(new JsonReader(takeResult(done('input.info', length))));
  }
}

/** The answer to the call of an export. */
export namespace output {
  /**
   * Appends bytes.
   *
   * @example output.write(encode("hello"));
   */
  export function write(data: Uint8Array): void {
    done('output.write', output_write(startOf(data), data.length));
  }

  /**
   * Appends a text.
   *
   * @example output.text("hello");
   */
  export function text(text: string): void {
    write(encode(text));
  }

  /**
   * Status and headers of the answer to an HTTP request.
   *
   * @example output.head(200, [new Header("content-type", "text/plain")]);
   */
  export function head(status: i32, headers: Header[] = []): void {
    const bytes = headJson(status, headers);
    done('output.head', output_head(startOf(bytes), bytes.length));
  }
}

/** The head of an HTTP answer as JSON. */
export function headJson(status: i32, headers: Header[]): Uint8Array {
  const json = new JsonWriter();
  json.beginObject();
  json.member('status');
  json.i32(status);
  json.member('headers');
  writeHeaders(json, headers);
  json.endObject();
  return json.bytes();
}
