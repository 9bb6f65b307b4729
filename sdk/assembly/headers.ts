import { JsonReader } from './json-reader';
import { JsonWriter } from './json-writer';

/** A header field of HTTP. */
export class Header {
  constructor(
    readonly name: string,
    readonly value: string,
  ) {}
}

export function readHeaders(json: JsonReader): Header[] {
  const headers: Header[] = [];
  json.beginArray();
  while (json.nextItem()) {
    json.beginArray();
    const hasName = json.nextItem();
    const name = json.string();
    const hasValue = hasName && json.nextItem();
    const value = json.string();
    if (!hasValue || json.nextItem()) json.fault('a pair of name and value');
    headers.push(new Header(name, value));
  }
  return headers;
}

export function writeHeaders(json: JsonWriter, headers: Header[]): void {
  json.beginArray();
  for (let i = 0; i < headers.length; i++) {
    json.beginArray();
    json.string(headers[i].name);
    json.string(headers[i].value);
    json.endArray();
  }
  json.endArray();
}
