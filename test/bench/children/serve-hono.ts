/** A bare server that gives back bodies; its address is the first line of output. */
import { serve } from '@hono/node-server';
import { Hono } from 'hono';

const app = new Hono();
app.post('/*', async ({ req }) => {
  const headers = { 'content-type': req.header('content-type') ?? 'application/octet-stream' };
  return new Response(await req.arrayBuffer(), { headers });
});
serve({ fetch: app.fetch, hostname: '127.0.0.1', port: 0 }, ({ port }) => {
  process.stdout.write(`http://127.0.0.1:${port}\n`);
});
