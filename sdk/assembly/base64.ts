const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/**
 * Bytes in base64, with padding.
 *
 * @example assert(encodeBase64(encode("hi")) == "aGk=");
 */
export function encodeBase64(bytes: Uint8Array): string {
  const parts = new Array<string>();
  for (let at = 0; at < bytes.length; at += 3) {
    const rest = bytes.length - at;
    const word: u32 =
      ((<u32>bytes[at]) << 16) | (rest > 1 ? (<u32>bytes[at + 1]) << 8 : 0) | (rest > 2 ? <u32>bytes[at + 2] : 0);
    parts.push(ALPHABET.charAt(word >> 18));
    parts.push(ALPHABET.charAt((word >> 12) & 63));
    parts.push(rest > 1 ? ALPHABET.charAt((word >> 6) & 63) : '=');
    parts.push(rest > 2 ? ALPHABET.charAt(word & 63) : '=');
  }
  return parts.join('');
}

function valueOf(char: i32): i32 {
  if (char >= 65 && char <= 90) return char - 65;
  if (char >= 97 && char <= 122) return char - 71;
  if (char >= 48 && char <= 57) return char + 4;
  return char == 43 || char == 45 ? 62 : char == 47 || char == 95 ? 63 : -1;
}

/**
 * The bytes of base64 or base64url, with or without padding; null: the text is neither.
 *
 * @example assert(decode(decodeBase64("aGk=")!) == "hi"); assert(decodeBase64("?") == null);
 */
export function decodeBase64(text: string): Uint8Array | null {
  let length = text.length;
  while (length > 0 && text.length - length < 2 && text.charCodeAt(length - 1) == 61) length--;
  if (length % 4 == 1) return null;
  const bytes = new Uint8Array((length * 3) / 4);
  let word: u32 = 0;
  for (let at = 0, out = 0; at < length; at++) {
    const value = valueOf(text.charCodeAt(at));
    if (value < 0) return null;
    word = (word << 6) | value;
    if (at % 4 == 0) continue;
    bytes[out++] = <u8>(word >> (6 - 2 * (at % 4)));
  }
  return bytes;
}
