/** The connection of a command to a node. */
import { readFile } from 'node:fs/promises';
import { PluvioError } from '../../runtime/errors/index.ts';
import { PluvioClient } from '../client/index.ts';
import type { OptionValues } from './command.ts';
import { fileFailure } from './failure.ts';
import { listOf, textOf } from './option-values.ts';
import { note } from './terminal.ts';

export const DEFAULT_NODE = 'http://127.0.0.1:7071';

/** The address that the options or the environment name. @throws PluvioError `INVALID_ARGUMENT` */
export function nodeUrlOf(options: OptionValues): string {
  const given = textOf(options, 'node');
  const text = given ?? (process.env['PLUVIO_NODE'] || DEFAULT_NODE);
  if (/^https?:\/\//.test(text) && URL.canParse(text)) return text;
  const likely = `http://${text}`;
  throw new PluvioError(
    'INVALID_ARGUMENT',
    `${given === undefined ? '$PLUVIO_NODE' : '--node'} is ${text}; it must be an address such as ${/^[\w.[\]:-]+:\d+$/.test(text) && URL.canParse(likely) ? likely : DEFAULT_NODE}`,
  );
}

const ORIGIN_PREFIX = /^(https?:\/\/[^=]+)=(.+)$/;

/** A token out of a file. @throws PluvioError `FILE_FAILED` */
export async function readToken(path: string): Promise<string> {
  return (
    await readFile(path, 'utf8').catch((cause: unknown) => Promise.reject(fileFailure('read token', path, cause)))
  ).trim();
}

/** Tokens by origin: each goes to the node that it was given for and nowhere else. */
async function tokensOf(
  options: OptionValues,
  ownOrigin: string | undefined,
): Promise<(origin: string) => string | undefined> {
  const tokens = new Map<string, string>();
  const fromEnvironment = process.env['PLUVIO_TOKEN'];
  if (ownOrigin !== undefined && fromEnvironment) tokens.set(ownOrigin, fromEnvironment);
  for (const text of listOf(options, 'tokenFile')) {
    const match = ORIGIN_PREFIX.exec(text);
    const origin = match?.[1] === undefined ? ownOrigin : URL.parse(match[1])?.origin;
    if (origin !== undefined) tokens.set(origin, await readToken(match?.[2] ?? text));
  }
  return (origin) => tokens.get(origin);
}

export interface Connection {
  readonly client: PluvioClient;
  /** A client of the node that the last request ended at: after a worker was followed, where it lives. */
  here(): PluvioClient;
  /** A client of another node, with the token that was given for it. */
  other(url: string): PluvioClient;
}

/**
 * Connects to the node that the options name. It is told on standard error when a worker is followed to another node.
 * @throws PluvioError `INVALID_ARGUMENT`, `FILE_FAILED`
 */
export async function connect(options: OptionValues): Promise<Connection> {
  const baseUrl = nodeUrlOf(options);
  const token = await tokensOf(options, URL.parse(baseUrl)?.origin);
  const told = new Set([URL.parse(baseUrl)?.origin]);
  let lastUrl = baseUrl;
  const fetchAndTell = (url: string, init: RequestInit): Promise<Response> => {
    const { origin } = new URL(url);
    if (!told.has(origin)) note(`the worker has moved: following it to ${origin}`);
    told.add(origin);
    if (URL.parse(lastUrl)?.origin !== origin) lastUrl = origin;
    return fetch(url, init);
  };
  const clientOf = (url: string): PluvioClient => new PluvioClient({ baseUrl: url, token, fetch: fetchAndTell });
  return {
    client: clientOf(baseUrl),
    here: () => clientOf(lastUrl),
    other: (url) => new PluvioClient({ baseUrl: url, token }),
  };
}

/** The client of `connect`. @throws PluvioError as `connect` */
export const openClient = async (options: OptionValues): Promise<PluvioClient> => (await connect(options)).client;
