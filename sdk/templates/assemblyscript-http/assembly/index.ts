import { Header, input, kv, output } from 'pluvio/assembly';

/** How often a path was asked for, with this time. */
export function countVisit(path: string): i32 {
  const text = kv.getText(path);
  const visits = (text === null ? 0 : I32.parseInt(text)) + 1;
  kv.setText(path, visits.toString());
  return visits;
}

/** The path of an address: from the first `/` after its host, without the query. */
export function pathOf(url: string): string {
  const start = url.indexOf('/', url.indexOf('//') + 2);
  const query = url.indexOf('?');
  return start < 0 ? '/' : url.slice(start, query < 0 ? url.length : query);
}

/** Answers HTTP requests, by the route of pluvio.json. */
export function handle(): void {
  const request = input.info()!;
  const path = pathOf(request.url!);
  output.head(200, [new Header('content-type', 'text/plain; charset=utf-8')]);
  output.text(`${path} was asked for ${countVisit(path)} times\n`);
}
