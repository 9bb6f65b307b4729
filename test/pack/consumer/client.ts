/** Calls the worker `hello` on the node of the first argument by its types, stops nothing, and lists what runs there. */
import { PluvioClient, PluvioError } from 'pluvio';

interface Hello {
  greet(name: string): string;
  guests(): { readonly name: string; readonly visits: number }[];
}

const client = new PluvioClient({ baseUrl: process.argv[2] ?? '' });
const hello = client.worker<Hello>('hello');
const greeting: string = await hello.greet('Grace');
const guests = await hello.guests();
const missing = await client.workers.get('nobody').catch((error: unknown) => error);
console.log(
  JSON.stringify({
    greeting,
    guests: guests.map(({ name }) => name).sort(),
    missing: missing instanceof PluvioError ? missing.code : 'no error',
  }),
);
