/** Version of this node's program; the release script compares it with package.json. */
export const NODE_VERSION = '0.1.0';
