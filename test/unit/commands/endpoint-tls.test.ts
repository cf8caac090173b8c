import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { commandContext } from '../../../src/commands/context.js';
import type { TargetOptions } from '../../../src/commands/find-environment.js';
import { health } from '../../../src/commands/health.js';
import { infer } from '../../../src/commands/infer.js';
import type { KServeEnvError } from '../../../src/errors.js';
import { type Authority, authority, type TlsFront, tlsFront } from '../../tools/tls-front.js';
import { type Served, serveDefaults } from './served.js';

describe('a server behind TLS', () => {
  let served: Served;
  let good: Authority;
  let foreign: Authority;
  const fronts = { grpc: {} as TlsFront, rest: {} as TlsFront };
  let plain: { grpc: number; rest: number };
  const closed: AsyncDisposable[] = [];

  beforeAll(async () => {
    served = await serveDefaults('simple_scaler');
    good = authority('good');
    foreign = authority('foreign');
    plain = { grpc: served.grpcPort, rest: served.httpPort };
    const certificate = good.sign('server', 'DNS:localhost,DNS:models.test,IP:127.0.0.1');
    fronts.grpc = await tlsFront(plain.grpc, certificate);
    fronts.rest = await tlsFront(plain.rest, certificate);
    closed.push(fronts.grpc, fronts.rest);
  });
  afterAll(async () => {
    for (const front of closed) await front[Symbol.asyncDispose]();
    await served[Symbol.asyncDispose]();
    good[Symbol.dispose]();
    foreign[Symbol.dispose]();
  });

  const front = async (behind: 'grpc' | 'rest', ...[files, options]: [Parameters<typeof tlsFront>[1], object?]) => {
    const made = await tlsFront(plain[behind], files, options);
    closed.push(made);
    return made.port;
  };
  /** The same flags over gRPC and over REST. */
  const over = (transport: 'grpc' | 'rest', host: string, port: number): TargetOptions =>
    transport === 'grpc' ? { endpoint: `grpcs://${host}:${port}` } : { restUrl: `https://${host}:${port}` };
  const double = async (options: TargetOptions) => {
    const { data } = await infer({ ...options, model: 'simple_scaler', values: ['21'] }, commandContext());
    return data.outputs[0]?.data;
  };
  const failure = async (options: TargetOptions): Promise<KServeEnvError> =>
    double(options).then(
      (data) => expect.unreachable(`it answered ${data}`),
      (error) => error,
    );

  describe.each(['grpc', 'rest'] as const)('over %s', (transport) => {
    it('answers whoever has the certificate of its authority', async () => {
      for (const host of ['127.0.0.1', 'localhost']) {
        const address = over(transport, host, fronts[transport].port);
        expect(await double({ ...address, cacert: good.ca })).toEqual([42]);
      }
    });

    it('that is not trusted is refused with --cacert as the next step', async () => {
      const error = await failure(over(transport, '127.0.0.1', fronts[transport].port));
      expect(error).toMatchObject({ code: 'TLS_FAILED', exitCode: 2, retryable: false });
      expect(error.message).toMatch(/^The certificate of 127\.0\.0\.1:\d+, signed by "good", is not trusted/);
      expect(error.hint).toMatch(/^--cacert FILE/);
    });

    it('that another authority has signed is refused', async () => {
      const address = over(transport, '127.0.0.1', fronts[transport].port);
      const error = await failure({ ...address, cacert: foreign.ca });
      expect(error.message).toContain('none of --cacert has signed it');
    });

    it('answers with any certificate where --insecure asks for it, and warns', async () => {
      const address = { ...over(transport, '127.0.0.1', fronts[transport].port), insecure: true };
      const options = { ...address, model: 'simple_scaler', values: ['21'] };
      const { data, warnings } = await infer(options, commandContext());
      expect(data.outputs[0]?.data).toEqual([42]);
      expect(warnings).toEqual([expect.stringContaining('--insecure')]);
    });

    it('whose certificate is for another name is refused, and taken by that name', async () => {
      const port = await front(transport, good.sign(`other-${transport}`, 'DNS:other.test,IP:127.9.9.9'));
      const address = { ...over(transport, '127.0.0.1', port), cacert: good.ca };
      const error = await failure(address);
      expect(error.message).toMatch(/is for other\.test, 127\.9\.9\.9, not for 127\.0\.0\.1$/);
      expect(error.hint).toBe('--server-name other.test');
      expect(await double({ ...address, serverName: 'other.test' })).toEqual([42]);
    });

    it('whose certificate has expired is refused with the day of its end', async () => {
      const port = await front(transport, good.sign(`old-${transport}`, 'IP:127.0.0.1', -1));
      const error = await failure({ ...over(transport, '127.0.0.1', port), cacert: good.ca });
      expect(error.message).toMatch(/has expired; it was valid to .*20\d\d GMT$/);
    });

    it('that wants a certificate says so to whoever has none, and takes a good one', async () => {
      const port = await front(transport, good.sign(`mutual-${transport}`, 'IP:127.0.0.1'), { clientCa: good.ca });
      const address = { ...over(transport, '127.0.0.1', port), cacert: good.ca };
      const error = await failure(address);
      expect(error.message).toContain('it may want a certificate of yours');
      expect(error.hint).toBe('--cert FILE and --key FILE');
      const mine = good.sign(`client-${transport}`);
      expect(await double({ ...address, ...mine })).toEqual([42]);
      const stranger = foreign.sign(`stranger-${transport}`);
      expect((await failure({ ...address, ...stranger })).message).toMatch(/may not take the certificate of --cert/);
    });

    it('that speaks plain text is told from one that does not answer', async () => {
      const error = await failure(over(transport, '127.0.0.1', plain[transport]));
      expect(error).toMatchObject({ code: 'TLS_FAILED' });
      expect(error.message).toMatch(/speaks plain text, and was spoken to in TLS$/);
      expect(error.hint).toBe(
        transport === 'grpc'
          ? `--endpoint grpc://127.0.0.1:${plain.grpc}`
          : `--rest-url http://127.0.0.1:${plain.rest}`,
      );
    });

    it('that is spoken to in plain text is told, too', async () => {
      const { port } = fronts[transport];
      const error = await failure(
        transport === 'grpc' ? { endpoint: `127.0.0.1:${port}` } : { restUrl: `http://127.0.0.1:${port}` },
      );
      expect(error).toMatchObject({ code: 'TLS_FAILED' });
      expect(error.message).toMatch(/speaks TLS, and was spoken to in plain text$/);
      expect(error.hint).toContain(transport === 'grpc' ? '--tls' : `https://127.0.0.1:${port}`);
    });
  });

  it('is asked for its health over both transports at once', async () => {
    const options = {
      endpoint: `localhost:${fronts.grpc.port}`,
      tls: true,
      restUrl: `https://localhost:${fronts.rest.port}`,
      cacert: good.ca,
      models: ['simple_scaler'],
    };
    const { data, failure: wrong } = await health(options, commandContext());
    expect(wrong).toBeUndefined();
    expect(data.transports).toMatchObject([
      { transport: 'grpc', endpoint: `localhost:${fronts.grpc.port}`, live: true, ready: true },
      { transport: 'rest', endpoint: options.restUrl, live: true, ready: true },
    ]);
    expect(data).toMatchObject({ live: true, ready: true, models: [{ name: 'simple_scaler', ready: true }] });
  });

  it('is not waited for by health --wait where TLS does not come about', async () => {
    const { failure: wrong } = await health(
      { ...over('grpc', '127.0.0.1', fronts.grpc.port), waitMs: 60_000 },
      commandContext(),
    );
    expect(wrong).toMatchObject({ code: 'TLS_FAILED', exitCode: 2 });
  });

  it('refuses files that are no certificate and no key, before anything is sent', async () => {
    const address = over('grpc', '127.0.0.1', fronts.grpc.port);
    const client = good.sign('one');
    const other = good.sign('two');
    const text = join(good.directory, 'text');
    writeFileSync(text, 'no certificate\n');
    const wrong: [TargetOptions, RegExp][] = [
      [{ cacert: text }, /^--cacert: .* holds no certificate in PEM$/],
      [{ cacert: good.directory }, /^--cacert: .* is a directory$/],
      [{ cacert: 'absent.pem' }, /^--cacert: absent.pem does not exist$/],
      [{ key: client.key }, /^--key needs the certificate/],
      [{ cert: client.cert }, /^--cert: .* holds no key$/],
      [{ cert: client.cert, key: text }, /^--key: .* holds no private key in PEM$/],
      [{ cert: client.cert, key: other.key }, /the key does not belong to the certificate/],
      [{ insecure: true, cacert: good.ca }, /exclude each other/],
      [{ serverName: '127.0.0.1' }, /^--server-name: expected the name of a host/],
    ];
    for (const [flags, says] of wrong) {
      const error = await failure({ ...address, ...flags });
      expect(error).toMatchObject({ code: 'USAGE', exitCode: 2 });
      expect(error.message).toMatch(says);
    }
  });
});
