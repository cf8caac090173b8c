/** Who the server is: name, version and extensions, and its list of models. */
import { type Case, CaseSkipped, expectEqual, expectThat } from '../../case.js';
import type { ServerProfile } from '../../profile.js';
import { unusual } from '../../verdict.js';

const spec = 'OIP, Server Metadata (GET /v2): name, version and extensions';

/** What kserve-env names as its extensions (docs/protocol.md). */
const ownExtensions = ['binary_tensor_data', 'model_repository', 'model_configuration', 'statistics'];

/** Over each transport, over both alike, and what is REST's own. */
export function serverMetadataCases(server: ServerProfile): Case[] {
  const { transports } = server;
  return [
    ...transports.map(
      (transport): Case => ({
        id: `metadata/server/${transport}`,
        suite: 'metadata',
        title: `the server tells its name, version and extensions (${transport})`,
        spec,
        why: 'a bug report, and a client that adapts to what a server can do, begin with these',
        transports: [transport],
        run: async (probe) => {
          const { name, version, extensions } = await probe.client(transport).serverMetadata();
          expectThat(name !== '', 'the name is empty');
          expectThat(!extensions.includes(''), 'an extension has an empty name');
          expectEqual('extensions named twice', extensions.length - new Set(extensions).size, 0);
          const missing = server.ours ? ownExtensions.filter((one) => !extensions.includes(one)) : [];
          expectEqual('documented extensions that are not named', missing, []);
          return version === '' ? unusual(server, 'the version is empty') : undefined;
        },
      }),
    ),
    ...(transports.length < 2 ? [] : [agreement]),
    ...(transports.includes('rest') ? [slashCase(server), listCase(server)] : []),
  ];
}

const agreement: Case = {
  id: 'metadata/agree',
  suite: 'metadata',
  title: 'gRPC and REST tell the same name, version and extensions',
  spec: `${spec}; one server behind two transports`,
  why: 'clients of the two take one server for two',
  transports: ['grpc', 'rest'],
  run: async (probe) => {
    const grpc = await probe.client('grpc').serverMetadata();
    const rest = await probe.client('rest').serverMetadata();
    expectEqual('name over REST as over gRPC', rest.name, grpc.name);
    expectEqual('version over REST as over gRPC', rest.version, grpc.version);
    expectEqual('extensions over REST as over gRPC', [...rest.extensions].sort(), [...grpc.extensions].sort());
    return undefined;
  },
};

function slashCase(server: ServerProfile): Case {
  return {
    id: 'metadata/server-slash',
    suite: 'metadata',
    title: 'GET /v2/ is answered as GET /v2',
    spec: 'OIP, Server Metadata: GET v2, and in older editions GET v2/',
    why: 'a client that does not follow redirects, or that was made from the older edition, finds no server',
    transports: ['rest'],
    run: async (probe) => {
      const [plain, slash] = [await probe.http(get('/v2')), await probe.http(get('/v2/'))];
      if (slash.status !== 200) {
        const known = { MLServer: '307', KServe: '307' };
        return unusual(server, `GET /v2/ is answered with ${slash.status}`, known);
      }
      expectEqual('the answer', JSON.parse(slash.body.toString('utf8')), JSON.parse(plain.body.toString('utf8')));
      const type = slash.headers['content-type'] ?? 'none';
      return type.startsWith('application/json') ? undefined : unusual(server, `the content type is ${type}`);
    },
  };
}

function listCase(server: ServerProfile): Case {
  return {
    id: 'metadata/list',
    suite: 'metadata',
    title: 'GET /v2/models lists the models that can be asked',
    spec: "KServe's list of models; the OIP has none (Triton and MLServer have the repository index)",
    why: 'nobody finds the models of a server that does not say which it has',
    transports: ['rest'],
    run: async (probe) => {
      const { status, body } = await probe.http(get('/v2/models'));
      if (status !== 200 && !server.ours) throw new CaseSkipped(`GET /v2/models is not served: ${status}`);
      expectEqual('HTTP status', status, 200);
      const { models } = JSON.parse(body.toString('utf8')) as { models?: unknown };
      expectThat(Array.isArray(models) && models.every((one) => typeof one === 'string'), 'models is no list of names');
      const missing = server.models.filter(({ name }) => !models.includes(name)).map(({ name }) => name);
      expectEqual('models that answer and are not listed', missing, []);
      return undefined;
    },
  };
}

const get = (path: string) => ({ method: 'GET', path });
