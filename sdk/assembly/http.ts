import { decode, startOf, takeResult } from './bytes';
import { Header, readHeaders, writeHeaders } from './headers';
import { JsonReader } from './json-reader';
import { JsonWriter } from './json-writer';
import { failureText } from './mailbox';
import * as abi from './pluvio_v1';
import { done, Result } from './status';

/** An HTTP request. */
export class Request {
  method: string = 'GET';
  headers: Header[] = [];
  body: Uint8Array = new Uint8Array(0);
  /** 0: as long as the node allows. */
  timeoutMs: i64 = 0;
  /** Whether it may be sent again after a move or crash, besides GET, HEAD, OPTIONS, PUT and DELETE, which may. */
  repeatable: bool = false;

  constructor(readonly url: string) {}
}

/** The answer to an HTTP request, whatever its status. */
export class Response {
  status: i32 = 0;
  headers: Header[] = [];
  body: Uint8Array = new Uint8Array(0);

  /**
   * The body as text.
   *
   * @example assert(http.get(config.get("api")! + "/greeting").value.text == "hello");
   */
  get text(): string {
    return decode(this.body);
  }

  /**
   * Whether the status is one of 200 to 299.
   *
   * @example assert(!http.get(config.get("api")! + "/missing").value.ok);
   */
  get ok(): bool {
    return this.status >= 200 && this.status < 300;
  }

  /**
   * The first header of that name in any case; null: there is none.
   *
   * @example assert(http.get(config.get("api")! + "/greeting").value.header("Content-Type") == "text/plain");
   */
  header(name: string): string | null {
    const wanted = name.toLowerCase();
    for (let i = 0; i < this.headers.length; i++) {
      if (this.headers[i].name.toLowerCase() == wanted) return this.headers[i].value;
    }
    return null;
  }
}

function requestJson(request: Request): Uint8Array {
  const json = new JsonWriter();
  json.beginObject();
  json.member('url');
  json.string(request.url);
  json.member('method');
  json.string(request.method);
  json.member('headers');
  writeHeaders(json, request.headers);
  if (request.timeoutMs > 0) {
    json.member('timeoutMs');
    json.whole(request.timeoutMs);
  }
  if (request.repeatable) {
    json.member('repeatable');
    json.bool(true);
  }
  json.endObject();
  return json.bytes();
}

function takeResponse(length: i32): Response {
  const json = new JsonReader(takeResult(length));
  const response = new Response();
  json.beginObject();
  for (let name = json.nextMember(); name !== null; name = json.nextMember()) {
    if (name == 'status') response.status = json.i32();
    else if (name == 'headers') response.headers = readHeaders(json);
    else json.skip();
  }
  const size = max(0, abi.fetch_body_length());
  const body = new Uint8Array(size);
  let at = 0;
  while (at < size) {
    const count = done('fetch_body_read', abi.fetch_body_read(startOf(body) + at, size - at, at));
    if (count == 0) break;
    at += count;
  }
  response.body = body;
  return response;
}

/** HTTP requests to others. Capability `http.outbound`, by address. */
export namespace http {
  /**
   * Sends a request and waits for the answer. `INTERRUPTED`: it may have been sent when the worker was moved or restored.
   *
   * @example const r = new Request(config.get("api")! + "/echo"); r.method = "POST"; r.body = encode("x"); assert(http.fetch(r).value.text == "x");
   */
  export function fetch(request: Request): Result<Response> {
    const head = requestJson(request);
    const length = abi.http_fetch(startOf(head), head.length, startOf(request.body), request.body.length);
    if (length >= 0) return new Result<Response>(length, '', '', takeResponse(length));
    return new Result<Response>(length, 'http.fetch ' + request.url, failureText(length), new Response());
  }

  /**
   * A GET request.
   *
   * @example assert(http.get("http://other.invalid/").name == "DENIED");
   */
  export function get(url: string): Result<Response> {
    return fetch(new Request(url));
  }
}
