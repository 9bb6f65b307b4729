/** Secrets shorter than this are not masked: they would be found everywhere, and are none. */
const SECRET_MIN_LENGTH = 4;
const MASK = '***';

/** The same data with every occurrence of a secret in its texts and keys replaced. */
export function maskSecrets<Data>(data: Data, secrets: readonly string[]): Data {
  const long = secrets.filter((secret) => secret.length >= SECRET_MIN_LENGTH).sort((a, b) => b.length - a.length);
  return long.length === 0 ? data : (masked(data, long) as Data); // texts stay texts, all else what it is
}

const maskText = (text: string, secrets: readonly string[]): string =>
  secrets.reduce((rest, secret) => rest.replaceAll(secret, MASK), text);

function masked(value: unknown, secrets: readonly string[]): unknown {
  if (typeof value === 'string') return maskText(value, secrets);
  if (Array.isArray(value)) return value.map((item) => masked(item, secrets));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [maskText(key, secrets), masked(item, secrets)]),
  );
}
