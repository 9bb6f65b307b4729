import type { Schema } from '../../runtime/node/schema-check.ts';
import { PROJECT_SCHEMA } from './project-table.ts';

/** A schema that says in words of its own what the check takes for granted: no other fields. */
function closed(schema: Schema): unknown {
  const { properties, items, anyOf, additionalProperties, description, ...rest } = schema;
  return {
    ...(description ? { description } : {}),
    ...rest,
    ...(properties
      ? { properties: Object.fromEntries(Object.entries(properties).map(([key, inner]) => [key, closed(inner)])) }
      : {}),
    ...(items ? { items: closed(items) } : {}),
    ...(anyOf ? { anyOf: anyOf.map(closed) } : {}),
    ...(schema.type === 'object'
      ? { additionalProperties: typeof additionalProperties === 'object' ? closed(additionalProperties) : false }
      : {}),
  };
}

/** docs/project.schema.json (JSON Schema 2020-12), for editors. */
export const projectSchema = (): unknown => ({
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'A Pluvio project: pluvio.json',
  ...(closed(PROJECT_SCHEMA) as object), // of an object
});
