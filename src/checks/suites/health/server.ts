/** Whether the server is live and ready, over each transport and over both alike. */
import { type Case, expectEqual, expectThat } from '../../case.js';
import type { ServerProfile } from '../../profile.js';

const restPaths = { live: 'GET /v2/health/live', ready: 'GET /v2/health/ready' } as const;

/** Live and ready over each transport, and the same over both. */
export function serverHealthCases({ transports, ready: expected }: ServerProfile): Case[] {
  const single = transports.flatMap((transport): Case[] => [
    {
      id: `health/live/${transport}`,
      suite: 'health',
      title: `a server that answers is live (${transport})`,
      spec: `OIP, Health: ServerLive (${restPaths.live}) "indicates if the inference server is able to receive and respond to metadata and inference requests"`,
      why: 'a liveness probe kills a server that says it is not live, again and again',
      transports: [transport],
      run: async (probe) => {
        expectThat(await probe.client(transport).serverLive(), 'ServerLive says false');
        return undefined;
      },
    },
    {
      id: `health/ready/${transport}`,
      suite: 'health',
      title: `the server ${expected === false ? 'is not ready, since a model failed to load' : 'is ready'} (${transport})`,
      spec: `OIP, Health: ServerReady (${restPaths.ready}) "indicates if all the models are ready for inferencing"`,
      why: 'a readiness probe sends traffic to a server that cannot answer, or none to one that can',
      transports: [transport],
      run: async (probe) => {
        const ready = await probe.client(transport).serverReady();
        if (expected === undefined)
          return ready ? undefined : 'ServerReady says false, which is right if a model is not loaded';
        expectThat(ready === expected, `ServerReady says ${ready}; expected ${expected}`);
        return undefined;
      },
    },
  ]);
  return transports.length < 2 ? single : [...single, agreement];
}

const agreement: Case = {
  id: 'health/agree',
  suite: 'health',
  title: 'gRPC and REST say the same of the server',
  spec: 'OIP: one server behind two transports; the specification is silent, common sense decides',
  why: 'probes over one transport contradict clients over the other',
  transports: ['grpc', 'rest'],
  run: async (probe) => {
    const [grpc, rest] = [probe.client('grpc'), probe.client('rest')];
    expectEqual('ServerLive over REST as over gRPC', await rest.serverLive(), await grpc.serverLive());
    expectEqual('ServerReady over REST as over gRPC', await rest.serverReady(), await grpc.serverReady());
    return undefined;
  },
};
