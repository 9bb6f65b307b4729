import { takeResult } from './bytes';
import { JsonReader } from './json-reader';

/** A page of names. */
export class Page {
  names: string[] = [];
  /** Give it as cursor for the next page; null: this is the last one. */
  cursor: string | null = null;
}

export function takePage(length: i32): Page {
  const json = new JsonReader(takeResult(length));
  const page = new Page();
  json.beginObject();
  for (let name = json.nextMember(); name !== null; name = json.nextMember()) {
    if (name == 'names') {
      json.beginArray();
      while (json.nextItem()) page.names.push(json.string());
    } else if (name == 'cursor') page.cursor = json.takeNull() ? null : json.string();
    else json.skip();
  }
  return page;
}
