/**
 * The runner's HTTP server: hands jobs to agents and takes their answers, keeps snapshots and modules on their way, and serves pages the
 * sources of the runtime, with the types taken out.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { stripTypeScriptTypes } from 'node:module';
import type { AddressInfo } from 'node:net';
import { extname } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { type Answer, fromText, type Job, type ReportOf, toText } from './wire.ts';

const ROOT = new URL('../../', import.meta.url);

/** What pages may load. */
const SERVED = /^\/(?:runtime|dist\/runtime|test)\/[\w./-]+\.(?:ts|js)$/;

/** Pages with an agent in them: in the page's own thread, or in a web worker. */
const PAGES: Readonly<Record<string, string>> = {
  'page.html': `import '/test/engines/agent.ts';`,
  'worker.html': `
    const worker = new Worker('/test/engines/agent.ts' + location.search, { type: 'module' });
    worker.onerror = ({ message }) => reportError(new Error(message ?? 'the web worker could not be started'));`,
};
const pageWith = (script: string): string =>
  `<!doctype html><meta charset="utf-8"><title>Pluvio</title><script type="module">${script}</script>`;

/** Isolated from other origins, a page has a finer clock. */
const HEADERS = { 'cross-origin-opener-policy': 'same-origin', 'cross-origin-embedder-policy': 'require-corp' };

interface Waiting {
  readonly text: string;
  readonly settle: (answer: Answer) => void;
}

/** An agent that waits for a job asks again after this time: engines give up requests that take minutes. */
const ASK_AGAIN_MS = 20_000;

/** One agent: its job, if it has one, and its open request for one. */
class Desk {
  job: Waiting | undefined;
  asking: ServerResponse | undefined;

  /** Hands the job over as soon as both are there. */
  match(): void {
    if (this.job === undefined || this.asking === undefined) return;
    const { asking } = this;
    this.asking = undefined;
    if (!asking.writableEnded) asking.end(this.job.text); // otherwise the agent is about to ask again
  }
}

export class Exchange {
  readonly #server: Server;
  readonly #blobs = new Map<string, Uint8Array>();
  readonly #desks = new Map<string, Desk>();

  private constructor() {
    // Connections last: this process may be busy for longer than a server waits for the next request.
    this.#server = createServer({ keepAliveTimeout: 0, requestTimeout: 0 }, (request, response) => {
      this.#serve(request, response).catch((error: unknown) => response.writeHead(500).end(String(error)));
    });
  }

  static async open(): Promise<Exchange> {
    const exchange = new Exchange();
    await new Promise<void>((resolve) => void exchange.#server.listen(0, '127.0.0.1', resolve));
    return exchange;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`; // it listens on a port
  }

  /** Address of a page that starts an agent in its own thread, or in a web worker. */
  pageUrl(agent: string, thread: 'page' | 'worker'): string {
    return `${this.url}/${thread}.html?name=${agent}`;
  }

  /** Keeps bytes under the name that is given back. */
  put(bytes: Uint8Array): string {
    const name = createHash('sha256').update(bytes).digest('hex');
    this.#blobs.set(name, bytes);
    return name;
  }

  blob(name: string): Uint8Array {
    const bytes = this.#blobs.get(name);
    if (bytes === undefined) throw new RangeError(`there is no blob ${name}`);
    return bytes;
  }

  /** Gives an agent a job and waits for its report. One at a time. @throws Error what the agent failed with */
  async ask<J extends Job>(agent: string, job: J): Promise<ReportOf<J>> {
    const desk = this.#desk(agent);
    const answer = await new Promise<Answer>((settle) => {
      desk.job = { text: toText(job), settle };
      desk.match();
    });
    if (!answer.ok) throw new Error(`${agent}, ${job.kind}: ${answer.error}`);
    return answer.report; // agent-jobs.ts made it
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => void this.#server.close(resolve));
  }

  #desk(agent: string): Desk {
    let desk = this.#desks.get(agent);
    if (desk === undefined) this.#desks.set(agent, (desk = new Desk()));
    return desk;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname } = new URL(request.url ?? '/', this.url);
    const [, kind = '', name = ''] = pathname.split('/');
    for (const [header, value] of Object.entries(HEADERS)) response.setHeader(header, value);
    switch (`${request.method} ${kind}`) {
      case 'GET page.html':
      case 'GET worker.html':
        return void response.writeHead(200, { 'content-type': 'text/html' }).end(pageWith(PAGES[kind] ?? ''));
      case 'GET jobs':
        this.#desk(name).asking = response;
        setTimeout(() => void response.end(), ASK_AGAIN_MS).unref();
        return this.#desk(name).match();
      case 'POST answers': {
        const { job } = this.#desk(name);
        this.#desk(name).job = undefined;
        const answer = fromText<Answer>((await buffer(request)).toString());
        response.end();
        return job?.settle(answer);
      }
      case 'POST blobs':
        return void response.end(this.put(await buffer(request)));
      case 'GET blobs':
        return void response.writeHead(200, { 'content-type': 'application/octet-stream' }).end(this.blob(name));
      default:
        return serveSource(pathname, response);
    }
  }
}

async function serveSource(pathname: string, response: ServerResponse): Promise<void> {
  if (!SERVED.test(pathname) || pathname.includes('..')) return void response.writeHead(404).end();
  const text = await readFile(new URL(`.${pathname}`, ROOT), 'utf8');
  const code = extname(pathname) === '.ts' ? stripTypeScriptTypes(text) : text;
  response.writeHead(200, { 'content-type': 'text/javascript' }).end(code);
}
