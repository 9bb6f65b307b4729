/** The JSON schema of a config file, for editors; the same rows check it here. */
import type { Schema } from '../schema-check.ts';
import { SETTING_ROWS } from './settings-table.ts';

interface SchemaTree {
  [key: string]: SchemaTree | Schema;
}

const isLeaf = new WeakSet<object>();

/** A schema of JSON Schema 2020-12; objects refuse fields that they do not list. */
export function configSchema(): unknown {
  const tree: SchemaTree = {};
  for (const [name, { schema, fallback, description, secret }] of SETTING_ROWS) {
    if (secret === true) continue;
    const steps = name.split('.');
    const last = steps.pop() ?? name;
    let group = tree;
    for (const step of steps) group = (group[step] ??= {}) as SchemaTree; // settings are no groups: names are checked by a test
    const leaf = {
      ...(closed(schema) as Schema),
      description,
      ...(fallback === undefined ? {} : { default: fallback }),
    };
    isLeaf.add(leaf);
    group[last] = leaf;
  }
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Config of a Pluvio node',
    ...(groupSchema({ $schema: leafOf({ type: 'string' }), ...tree }) as object),
  };
}

function leafOf(schema: Schema): Schema {
  isLeaf.add(schema);
  return schema;
}

function groupSchema(tree: SchemaTree): unknown {
  const properties = Object.entries(tree).map(([key, inner]) => [
    key,
    isLeaf.has(inner) ? inner : groupSchema(inner as SchemaTree), // what is no leaf is a group
  ]);
  return { type: 'object', additionalProperties: false, properties: Object.fromEntries(properties) as object };
}

/** The schema with `additionalProperties: false` where this program takes it for granted. */
function closed(schema: Schema): unknown {
  const { properties, items, additionalProperties } = schema;
  return {
    ...schema,
    ...(properties
      ? { properties: Object.fromEntries(Object.entries(properties).map(([key, inner]) => [key, closed(inner)])) }
      : {}),
    ...(items ? { items: closed(items) } : {}),
    ...(schema.type !== 'object'
      ? {}
      : { additionalProperties: typeof additionalProperties === 'object' ? closed(additionalProperties) : false }),
  };
}
