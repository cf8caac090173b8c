import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { connectClients } from '../../../src/commands/clients.js';
import { commandContext } from '../../../src/commands/context.js';
import { health } from '../../../src/commands/health.js';
import { infer } from '../../../src/commands/infer.js';
import { ServerRefusedError } from '../../../src/commands/server-refusal.js';
import { InterruptedError, UsageError } from '../../../src/errors.js';
import { oipError, type StatusCause } from '../../../src/protocol/status.js';

describe('what a server refuses', () => {
  it.each<{ cause: StatusCause; exitCode: number; retryable?: boolean; hint?: string }>([
    { cause: 'INVALID_ARGUMENT', exitCode: 2 },
    { cause: 'MODEL_NOT_FOUND', exitCode: 2, hint: 'kserve-env status' },
    { cause: 'OUT_OF_RANGE', exitCode: 2 },
    { cause: 'TOO_LARGE', exitCode: 2 },
    { cause: 'UNIMPLEMENTED', exitCode: 2 },
    { cause: 'MODEL_NOT_READY', exitCode: 4, retryable: true, hint: 'kserve-env health --wait' },
    { cause: 'UNREACHABLE', exitCode: 4, retryable: true, hint: 'kserve-env health --wait' },
    { cause: 'DEADLINE_EXCEEDED', exitCode: 124, retryable: true },
    { cause: 'INTERNAL', exitCode: 9 },
    { cause: 'UNAUTHENTICATED', exitCode: 9, hint: '--token-file' },
  ])('as $cause exits $exitCode', ({ cause, exitCode, retryable = false, hint }) => {
    const refusal = oipError(cause, 'no');
    const error = new ServerRefusedError(refusal, 'here:1');
    expect(error).toMatchObject({
      code: 'SERVER_REFUSED',
      exitCode,
      retryable,
      message: `${refusal.status}: no`,
      details: { status: refusal.status, endpoint: 'here:1' },
      cause: refusal,
    });
    if (hint === undefined) expect(error.hint).toBeUndefined();
    else expect(error.hint).toContain(hint);
  });
});

describe('an address that is none', () => {
  it.each([
    { address: { grpc: 'nowhere' }, says: '--endpoint: expected host:port' },
    { address: { grpc: '127.0.0.1:0' }, says: '--endpoint' },
    { address: { grpc: '127.0.0.1:65536' }, says: '--endpoint' },
    { address: { grpc: '' }, says: '--endpoint' },
    { address: { grpc: 'dns:///x:1' }, says: '--endpoint' },
    { address: { http: '127.0.0.1:9080' }, says: '--rest-url: expected an http or https URL' },
    { address: { http: 'http://u:p@example.test' }, says: '--rest-url: the URL has a user' },
    { address: { http: 'http://example.test/?a=b' }, says: '--rest-url: expected a base URL' },
    { address: { http: 'file:///etc/passwd' }, says: '--rest-url' },
    { address: { http: '' }, says: '--rest-url' },
  ])('is refused as usage: $address', async ({ address, says }) => {
    await expect(connectClients(address)).rejects.toThrow(UsageError);
    await expect(connectClients(address)).rejects.toThrow(says);
  });

  it('says how to give a URL that was given as an endpoint', async () => {
    const connected = connectClients({ grpc: 'http://127.0.0.1:9080' });
    await expect(connected).rejects.toMatchObject({ hint: 'use --rest-url http://127.0.0.1:9080' });
  });

  it.each(['localhost:1', '[::1]:9081', 'a-b.c_d:65535'])('is not %s', async (grpc) => {
    await using clients = await connectClients({ grpc });
    expect(clients.preferred.transport).toBe('grpc');
  });
});

describe('nobody at the address', () => {
  // Port 1 is free on any machine that tests run on.
  const endpoint = '127.0.0.1:1';

  it('is not live for health, with the reason', async () => {
    const { data, failure } = await health({ endpoint }, commandContext());
    expect(data).toMatchObject({ endpoint, live: false, ready: false });
    expect(failure).toMatchObject({ code: 'NOT_READY', exitCode: 4, retryable: true });
    expect(failure?.message).toContain(`The server at ${endpoint} is not live: `);
  });

  it('is waited for by health --wait as long as it was told', async () => {
    const error = await health({ endpoint, waitMs: 60 }, commandContext()).catch((e: unknown) => e);
    expect(error).toMatchObject({ exitCode: 124 });
    expect((error as Error).message).toContain(`${endpoint} was not ready within 60 ms`);
  });

  it('refuses an inference as unavailable', async () => {
    const error = await infer({ endpoint, model: 'm', values: ['1'] }, commandContext()).catch((e: unknown) => e);
    expect(error).toMatchObject({ code: 'SERVER_REFUSED', exitCode: 4 });
  });
});

describe('infer', () => {
  const endpoint = '127.0.0.1:1';

  it.each([
    { what: 'nothing to infer from', options: {}, says: 'nothing to infer from' },
    { what: 'values and tensors', options: { values: ['1'], tensors: ['a=1'] }, says: 'values and --tensor exclude' },
    { what: 'values and a file', options: { values: ['1'], input: 'x' }, says: 'values and --input exclude' },
    {
      what: 'a file that is not there',
      options: { input: 'no-such-file' },
      says: '--input: no-such-file does not exist',
    },
    { what: 'a parameter without a value', options: { values: ['1'], parameters: ['p'] }, says: '--parameter' },
    { what: 'REST without its URL', options: { values: ['1'], rest: true }, says: '--rest needs a REST endpoint' },
  ])('refuses $what as usage', async ({ options, says }) => {
    const error = await infer({ endpoint, model: 'm', ...options }, commandContext()).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(UsageError);
    expect((error as UsageError).message).toContain(says);
  });

  it.each(['', 'text', '{}', '{"inputs": 5}', '{"inputs":[{"name":"a","datatype":"FP64","shape":[2],"data":[1]}]}'])(
    'refuses a body of %j as usage',
    async (body) => {
      const stdin = new PassThrough().end(body);
      const error = await infer({ endpoint, model: 'm', input: '-', stdin }, commandContext()).catch((e: unknown) => e);
      expect(error).toBeInstanceOf(UsageError);
      expect((error as UsageError).message).toMatch(/^--input: /);
    },
  );

  it('does not wait for standard input any longer when interrupted', async () => {
    const controller = new AbortController();
    const reason = new InterruptedError('SIGINT');
    const stdin = new PassThrough();
    const running = infer({ endpoint, model: 'm', input: '-', stdin }, commandContext({ signal: controller.signal }));
    setImmediate(() => controller.abort(reason));
    await expect(running).rejects.toBe(reason);
    expect(stdin.destroyed).toBe(true);
  });
});
