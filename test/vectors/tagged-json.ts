/**
 * JSON with what a snapshot has and JSON has not. An object of one key that begins with $ stands for
 * `{"$undefined": true}`, `{"$bigint": "1"}`, `{"$hex": "00ff"}` (bytes), or `{"$repeat": ["00ff", 2048]}` (those bytes so often).
 */
export function parseTagged(text: string): unknown {
  return untag(JSON.parse(text));
}

function untag(json: unknown): unknown {
  if (typeof json !== 'object' || json === null) return json;
  if (Array.isArray(json)) return json.map(untag);
  const [[tag, content] = ['', undefined]] = Object.entries(json) as [string, unknown][]; // JSON objects have string keys
  if (tag === '$undefined') return undefined;
  if (tag === '$bigint') return BigInt(String(content));
  if (tag === '$hex') return Uint8Array.from(Buffer.from(String(content), 'hex'));
  if (tag === '$repeat' && Array.isArray(content)) {
    return Uint8Array.from(Buffer.from(String(content[0]).repeat(Number(content[1])), 'hex'));
  }
  return Object.fromEntries(Object.entries(json).map(([key, value]) => [key, untag(value)]));
}
