import { describe, expect, it } from 'vitest';
import { limitsSchema } from '../../../src/models/limits.js';
import { head, rawConnection } from './raw-http.js';
import { serve } from './serve.js';

describe('a body that comes too slowly', () => {
  it('is counted once, as what its client was answered', async () => {
    await using running = await serve({}, { limits: limitsSchema.parse({ requestTimeout: '200ms' }) });
    using connection = await rawConnection(running.server.httpPort);
    connection.send(`${head('POST /v2/models/identity/infer', { 'content-length': 100 })}{`);
    expect(await connection.answer()).toMatchObject({ status: 408 });
    await connection.closed();
    const counts = async () => {
      const text = await (await fetch(`${running.baseUrl}/metrics`)).text();
      return text.split('\n').filter((line) => /requests_total.*rest/.test(line) && !line.includes('Metrics'));
    };
    await expect
      .poll(counts)
      .toEqual(['kserve_env_requests_total{transport="rest",method="ModelInfer",status="DEADLINE_EXCEEDED"} 1']);
    using headless = await rawConnection(running.server.httpPort);
    headless.send('GET /v2 HT');
    expect(await headless.answer()).toMatchObject({ status: 408 });
    expect(await counts()).toContain(
      'kserve_env_requests_total{transport="rest",method="unknown",status="DEADLINE_EXCEEDED"} 1',
    );
  });
});
