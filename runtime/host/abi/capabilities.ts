/** Rights that a manifest asks for and a node grants, and how their scopes restrict them. */
import { PluvioError } from '../../errors/index.ts';

/** How a scope is compared with what a call names: `none`: there are no scopes. */
type ScopeRule = 'none' | 'name' | 'prefix' | 'url';

interface CapabilityRow {
  readonly scopes: ScopeRule;
  readonly summary: string;
}

export const CAPABILITIES = {
  config: { scopes: 'name', summary: 'read these keys of the configuration' },
  secrets: { scopes: 'name', summary: 'read these secrets' },
  kv: { scopes: 'none', summary: 'keep keys and values of its own' },
  blob: { scopes: 'none', summary: 'keep blobs of its own' },
  timers: { scopes: 'none', summary: 'be called at times that it sets' },
  'mailbox.receive': { scopes: 'none', summary: 'take and answer messages' },
  'mailbox.send': { scopes: 'name', summary: 'send messages to these workers, and call them' },
  'topics.publish': { scopes: 'prefix', summary: 'publish to these topics' },
  'topics.subscribe': { scopes: 'prefix', summary: 'subscribe to these topics' },
  'http.outbound': { scopes: 'url', summary: 'send HTTP requests to these addresses' },
  checkpoint: { scopes: 'none', summary: 'have its state made durable when it asks' },
} as const satisfies Record<string, CapabilityRow>;

export type CapabilityName = keyof typeof CAPABILITIES;
