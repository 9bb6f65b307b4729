import { config, kv } from 'pluvio/assembly';

/** Greets somebody in a language of the configuration. */
export function greet(name: string, language: string = 'en'): string {
  const greeting = config.get(language);
  kv.setText('greeted/' + name, language);
  return `${greeting === null ? 'Hello' : greeting}, ${name}!`;
}

/** Names of all who were greeted. */
export function greeted(): string[] {
  const keys = kv.list('greeted/').names;
  for (let i = 0; i < keys.length; i++) keys[i] = keys[i].slice('greeted/'.length);
  return keys;
}
