import { createHash, X509Certificate } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { WantedAccess } from '../../../src/config/access-files.js';
import { sweepRecords } from '../../../src/engine/process/record.js';
import { accessFiles, clientAccess, serverAccess } from '../../../src/environment/access.js';
import {
  accessFits,
  foreseenAccess,
  listSecrets,
  makePassingSecrets,
  makeSecrets,
  type SecretOwner,
  tidySecrets,
} from '../../../src/environment/secrets.js';
import { sweepSecrets } from '../../../src/environment/secrets-sweep.js';
import { differences, instanceSpec } from '../../../src/environment/spec.js';
import { fakeEngine } from '../../fakes/fake-engine.js';
import { desired } from './desired.js';

const auto: WantedAccess = { tls: { mode: 'auto', mtls: true, names: ['models.test'] }, token: { source: 'auto' } };
const docker: SecretOwner = { name: 'mine', engine: 'docker', endpoint: 'unix:///var/run/docker.sock' };
const local: SecretOwner = { name: 'mine', engine: 'process', endpoint: 'here' };
const day = 86_400_000;

let stateDir: string;
beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'kserve-env-secrets-'));
});
afterEach(() => rmSync(stateDir, { recursive: true, force: true }));

const make = (owner: SecretOwner, wanted = auto, now = Date.now()) => makeSecrets({ stateDir, owner, wanted, now });
const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8);

describe('a set of secrets', () => {
  it('is in a directory for nobody else; a container reads only what is mounted into it', async () => {
    const access = await make(docker);
    expect(modeOf(access.directory)).toBe('700');
    for (const { source } of accessFiles(access)) expect(modeOf(source), source).toBe('444');
    expect(modeOf(clientAccess(access).clientKeyFile ?? '')).toBe('400');
  });

  it('is for this user alone where the server is a process of theirs', async () => {
    const access = await make(local);
    const { caFile = '', trustFile = '', clientKeyFile = '' } = clientAccess(access);
    expect([caFile, trustFile, clientKeyFile].map(modeOf)).toEqual(['444', '444', '400']);
    for (const { source } of accessFiles(access)) expect(modeOf(source), source).toBe('400');
    expect(modeOf(clientAccess(access).tokenFile ?? '')).toBe('400');
  });

  it('has all that server and clients are told of', async () => {
    const access = await make(docker);
    expect(serverAccess(access)).toEqual({
      tls: {
        cert: '/run/kserve-env/server.pem',
        key: '/run/kserve-env/server-key.pem',
        clientCa: '/run/kserve-env/client-ca.pem',
        expired: { cert: '/run/kserve-env/expired.pem', key: '/run/kserve-env/expired-key.pem' },
        wrong: { cert: '/run/kserve-env/wrong.pem', key: '/run/kserve-env/wrong-key.pem' },
      },
      tokenFile: '/run/kserve-env/token',
    });
    const paths = [...accessFiles(access).map(({ source }) => source), ...Object.values(clientAccess(access))];
    for (const path of paths) expect(existsSync(path), path).toBe(true);
    const certificate = new X509Certificate(readFileSync(join(access.directory, 'server.pem')));
    expect(certificate.checkHost('models.test')).toBe('models.test');
    expect(readFileSync(join(access.directory, 'token'), 'utf8')).toMatch(/^[\w-]{43}$/);
  });

  it('shows programs all that the system trusts, and the authority', async () => {
    const file = join(stateDir, 'theirs.pem');
    writeFileSync(file, '-----BEGIN CERTIFICATE-----\ntheirs\n-----END CERTIFICATE-----\n');
    const access = await makeSecrets({ stateDir, owner: local, wanted: auto, now: Date.now(), trustFile: file });
    const { caFile = '', trustFile = '' } = clientAccess(access);
    const trust = readFileSync(trustFile, 'utf8');
    expect(trust).toContain(readFileSync(caFile, 'utf8').trim());
    expect(trust).toContain('theirs');
  });

  it('is in a spec by its paths alone: neither a secret nor a digest of one', async () => {
    const access = await make(docker);
    const { labels, env } = instanceSpec(
      'mine',
      { ...desired, access, server: { ...desired.server, ...serverAccess(access) } },
      {},
    );
    const told = JSON.stringify({ labels, env });
    for (const name of readdirSync(access.directory)) {
      const text = readFileSync(join(access.directory, name), 'utf8').trim();
      expect(told, name).not.toContain(text);
      for (const digest of ['hex', 'base64', 'base64url'] as const)
        expect(told).not.toContain(createHash('sha256').update(text).digest(digest).slice(0, 12));
    }
    expect(told).not.toContain('PRIVATE');
  });
});

describe('what is there', () => {
  it('fits what it was made for, until it is near its end', async () => {
    const access = await make(docker);
    expect(await accessFits(access, auto, Date.now())).toBe(true);
    expect(await accessFits(access, auto, Date.now() + 26 * day)).toBe(true);
    expect(await accessFits(access, auto, Date.now() + 28 * day)).toBe(false);
  });

  it.each<{ what: string; wanted: WantedAccess }>([
    { what: 'other names', wanted: { ...auto, tls: { mode: 'auto', mtls: true, names: [] } } },
    {
      what: 'no certificates of clients',
      wanted: { ...auto, tls: { mode: 'auto', mtls: false, names: ['models.test'] } },
    },
    { what: 'no token', wanted: { tls: { mode: 'auto', mtls: true, names: ['models.test'] } } },
    { what: 'no TLS', wanted: { token: { source: 'auto' } } },
    { what: "somebody's own token", wanted: { ...auto, token: { source: 'file', text: 'abc' } } },
  ])('does not fit $what', async ({ wanted }) => {
    expect(await accessFits(await make(docker), wanted, Date.now())).toBe(false);
  });

  it('does not fit another token of the same file', async () => {
    const access = await make(docker, { token: { source: 'file', text: 'one' } });
    expect(await accessFits(access, { token: { source: 'file', text: 'one' } }, Date.now())).toBe(true);
    expect(await accessFits(access, { token: { source: 'file', text: 'two' } }, Date.now())).toBe(false);
  });

  it('does not fit where a file is gone', async () => {
    const access = await make(docker);
    rmSync(join(access.directory, 'client.pem'));
    expect(await accessFits(access, auto, Date.now())).toBe(false);
  });

  it('differs from what is wanted instead in few words', async () => {
    const access = await make(docker);
    const specOf = (one: typeof access) => ({
      ...desired,
      access: one,
      server: { ...desired.server, ...serverAccess(one) },
    });
    expect(differences(specOf(access), specOf(access))).toEqual([]);
    const next = foreseenAccess({ ...auto, tls: { mode: 'auto', mtls: false, names: ['models.test'] } }, Date.now());
    expect(differences(specOf(next), specOf(access))).toEqual([
      expect.stringMatching(/^access\.secrets: "mine\.docker\.[0-9a-f]{16}" → "new"$/),
      'access.tls.mtls: true → false',
    ]);
  });
});

describe('secrets that nobody uses', () => {
  it('go with what their environment uses now', async () => {
    const [old, used] = [await make(docker), await make(docker)];
    const elsewhere = await make({ ...docker, endpoint: 'unix:///other.sock' });
    const other = await make({ ...docker, name: 'other' });
    await tidySecrets(stateDir, docker, used.directory);
    expect([old, used, elsewhere, other].map(({ directory }) => existsSync(directory))).toEqual([
      false,
      true,
      true,
      true,
    ]);
  });

  it('are swept where the environment is gone, and only there', async () => {
    await using engine = fakeEngine();
    const owner = (name: string): SecretOwner => ({ name, engine: engine.kind, endpoint: engine.endpoint });
    const [used, gone, busy] = [await make(owner('used')), await make(owner('gone')), await make(owner('busy'))];
    const foreign = await make({ ...docker, name: 'gone', engine: 'podman', endpoint: 'unix:///podman.sock' });
    await engine.create(instanceSpec('used', { ...desired, access: used }, {}));
    const { signal } = new AbortController();
    await sweepSecrets({ stateDir, engines: [engine], signal }, ['busy']);
    const left = (await listSecrets(stateDir)).map(({ directory }) => directory).sort();
    expect(left).toEqual([used, busy, foreign].map(({ directory }) => directory).sort());
    expect(existsSync(gone.directory)).toBe(false);
  });

  it('of this process stay while it lives, and are never listed', async () => {
    const access = await makePassingSecrets({ stateDir, owner: local, wanted: auto, now: Date.now() });
    await sweepRecords(stateDir);
    expect(existsSync(access.directory)).toBe(true);
    expect(await listSecrets(stateDir)).toEqual([]);
  });
});

it('says what to do where nothing can be written', async () => {
  if (process.getuid?.() === 0) stateDir = '/proc/nowhere';
  else chmodSync(stateDir, 0o500);
  await expect(make(docker)).rejects.toMatchObject({ hint: expect.stringContaining('KSERVE_ENV_STATE_DIR') });
});
