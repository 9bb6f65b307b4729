import { Header, input, output } from 'pluvio/assembly';

/** The guest book is an array in memory: it is on disk before a request is answered, and comes back after a crash. */
const entries: string[] = [];

/** Answers HTTP requests, by the route of pluvio.json. */
export function handle(): void {
  const request = input.info()!;
  if (request.method == 'POST') {
    entries.push(input.text());
    output.head(201, []);
    return;
  }
  output.head(200, [new Header('content-type', 'text/plain; charset=utf-8')]);
  for (let i = 0; i < entries.length; i++) output.text(`${i + 1}. ${entries[i]}\n`);
}
