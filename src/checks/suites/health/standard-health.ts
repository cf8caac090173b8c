/** gRPC's own health service, which Kubernetes, Envoy and grpc-health-probe ask. */
import { healthService, servingStatus } from '../../../protocol/health-service.js';
import { inferenceServiceName } from '../../../protocol/service-definition.js';
import { OipError } from '../../../protocol/status.js';
import { noSuchModel } from '../../absent-names.js';
import { type Case, CaseSkipped, expectEqual, expectThat } from '../../case.js';
import { errorLine, factLine } from '../../exchange.js';
import type { Probe } from '../../probe.js';
import type { ServerProfile } from '../../profile.js';
import { outcomeOf, unusual } from '../../verdict.js';

const source = 'gRPC health checking protocol (github.com/grpc/grpc, doc/health-checking.md)';

/** Check of the server, of its service, of a model where it is ours, and of a service that nobody has. */
export function standardHealthCases(server: ServerProfile): Case[] {
  if (!server.transports.includes('grpc')) return [];
  const [model] = server.models;
  return [
    {
      ...common('health/grpc-health/server', 'Check of the empty service says what ServerReady says'),
      spec: `${source}: the empty service name asks for the server's overall status`,
      run: async (probe) => {
        const status = await check(probe, '');
        const ready = await probe.client('grpc').serverReady();
        expectEqual('SERVING where ServerReady is true', status === servingStatus.SERVING, ready);
        return undefined;
      },
    },
    {
      ...common('health/grpc-health/service', `Check of ${inferenceServiceName} says what ServerReady says`),
      spec: `${source}: services are named by their full name`,
      run: async (probe) => {
        const ready = await probe.client('grpc').serverReady();
        const { answer: status, refusal } = await outcomeOf(check(probe, inferenceServiceName));
        if (refusal) return unusual(server, `answered ${refusal.status}: the service is not known by its name`);
        expectEqual('SERVING where ServerReady is true', status === servingStatus.SERVING, ready);
        return undefined;
      },
    },
    {
      ...common('health/grpc-health/unknown', 'Check of a service that nobody has is NOT_FOUND'),
      spec: `${source}: "If the service name is not registered, the server returns a NOT_FOUND GRPC status"`,
      run: async (probe) => {
        const { answer: status, refusal } = await outcomeOf(check(probe, noSuchModel));
        expectThat(status !== servingStatus.SERVING, 'it is SERVING');
        if (refusal?.status === 'NOT_FOUND') return undefined;
        return unusual(server, refusal ? `answered ${refusal.status}` : `answered status ${status}`);
      },
    },
    ...(server.ours && model
      ? [
          {
            ...common('health/grpc-health/model', `Check of ${model.name} says what ModelReady says`),
            spec: `${source}; docs/protocol.md: a service is also a model, by its name`,
            run: async (probe: Probe) => {
              expectEqual('status', await check(probe, model.name), servingStatus.SERVING);
              return undefined;
            },
          },
        ]
      : []),
  ];
}

const common = (id: string, title: string) => ({
  id,
  suite: 'health' as const,
  title,
  why: 'Kubernetes restarts, or never sends traffic to, a pod whose gRPC probe fails',
  transports: ['grpc'] as const,
});

/** The number of the status. Throws CaseSkipped where the server has no such service, OipError where it refuses. */
async function check(probe: Probe, service: string): Promise<number> {
  const start = performance.now();
  const remember = (answer: string) =>
    probe.remember(() => ({
      transport: 'grpc',
      call: 'grpc.health.v1.Health/Check',
      request: [factLine({ service })],
      answer: [answer],
      ms: Math.round((performance.now() - start) * 10) / 10,
    }));
  const { signal, timeoutMs } = probe;
  try {
    const answer = await probe.channel().unary(healthService.Check, { service }, { signal, timeoutMs });
    const { status } = answer as { status: number };
    remember(factLine({ status }));
    return status;
  } catch (error) {
    remember(errorLine(error));
    if (!probe.server.ours && error instanceof OipError && error.status === 'UNIMPLEMENTED') {
      throw new CaseSkipped('the server has no grpc.health.v1.Health');
    }
    throw error;
  }
}
