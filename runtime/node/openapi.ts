/** The route table as an OpenAPI 3.1 document. */
import { MEDIA } from './media-types.ts';
import { PATH_PARAMETERS, type Route, ROUTES } from './route-table.ts';
import type { Schema } from './schema-check.ts';
import { NAMED_SCHEMAS, PROBLEM } from './schemas.ts';

type Json = Record<string, unknown>;

/** A schema as JSON Schema says it; named ones become references. */
function schemaJson(schema: Schema, root?: Schema): Json {
  const name = Object.keys(NAMED_SCHEMAS).find((key) => NAMED_SCHEMAS[key] === schema);
  if (name !== undefined && schema !== root) return { $ref: `#/components/schemas/${name}` };
  const { properties, items, anyOf, additionalProperties, ...plain } = schema;
  const json: Json = { ...plain };
  if (properties) {
    json['properties'] = Object.fromEntries(Object.entries(properties).map(([key, value]) => [key, schemaJson(value)]));
  }
  if (items) json['items'] = schemaJson(items);
  if (anyOf) json['anyOf'] = anyOf.map((choice) => schemaJson(choice));
  if (schema.type === 'object') {
    json['additionalProperties'] =
      typeof additionalProperties === 'object' ? schemaJson(additionalProperties) : (additionalProperties ?? false);
  }
  return json;
}

const contentOf = (types: readonly string[], schema?: Schema): Json =>
  Object.fromEntries(types.map((type) => [type, schema ? { schema: schemaJson(schema) } : {}]));

function parametersOf(route: Route): Json[] {
  const inPath = [...route.path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => ({
    name,
    in: 'path',
    required: true,
    schema: schemaJson(PATH_PARAMETERS[name] ?? {}),
  }));
  const inQuery = Object.entries(route.query?.properties ?? {}).map(([name, schema]) => ({
    name,
    in: 'query',
    required: route.query?.required?.includes(name) ?? false,
    schema: schemaJson(schema),
  }));
  return [...inPath, ...inQuery];
}

function operationOf(id: string, route: Route): Json {
  const { json, raw = [], optional = false } = route.body ?? {};
  const content = { ...(json ? contentOf([MEDIA.json], json) : {}), ...contentOf(raw) };
  const answer = route.answer ? contentOf([MEDIA.json], route.answer) : contentOf(route.media ?? []);
  return {
    operationId: id,
    summary: route.summary,
    parameters: parametersOf(route),
    ...(route.body ? { requestBody: { required: !optional, content } } : {}),
    responses: {
      [route.status]: { description: 'Done.', ...(Object.keys(answer).length > 0 ? { content: answer } : {}) },
      default: { description: 'An error, by its code.', content: contentOf([MEDIA.problem], PROBLEM) },
    },
    security: route.scope === 'public' ? [] : [{ bearer: [] }],
    'x-scope': route.scope,
  };
}

export function openApi(version: string): Json {
  const paths: Record<string, Json> = {};
  for (const [id, route] of Object.entries(ROUTES) as [string, Route][]) {
    (paths[route.path] ??= {})[route.method.toLowerCase()] = operationOf(id, route);
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Pluvio node', version, description: 'Runs WebAssembly workers and moves them between nodes.' },
    paths,
    components: {
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } },
      schemas: Object.fromEntries(
        Object.entries(NAMED_SCHEMAS).map(([name, schema]) => [name, schemaJson(schema, schema)]),
      ),
    },
  };
}
