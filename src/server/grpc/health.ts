/** gRPC's health checking protocol, for the server and for each model. */
import type { handleServerStreamingCall, ServerWritableStream } from '@grpc/grpc-js';
import {
  type HealthCheckRequest,
  type HealthCheckResponse,
  type HealthListResponse,
  type ServingStatus,
  servingStatus,
} from '../../protocol/health-service.js';
import { inferenceServiceName } from '../../protocol/service-definition.js';
import { oipError, quoteName } from '../../protocol/status.js';
import type { CallPlan } from '../faults/call-plan.js';
import type { ServerParts } from '../transport.js';
import type { OpenStreams } from './open-streams.js';
import type { StruckCalls } from './struck-calls.js';
import { asGrpcStatus } from './unary.js';

type Parts = Pick<ServerParts, 'dataPlane' | 'repository' | 'log'> & { struck: StruckCalls };

export interface Health {
  Check(request: HealthCheckRequest, call?: unknown, plan?: CallPlan): HealthCheckResponse;
  List(request?: unknown, call?: unknown, plan?: CallPlan): HealthListResponse;
  Watch: handleServerStreamingCall<HealthCheckRequest, HealthCheckResponse>;
}

/** The model that a service is; empty where it is the server. No name of a model has a slash in it. */
export function modelOfService(service: string): string {
  return service === inferenceServiceName ? '' : (service.split('/')[0] ?? '');
}

type WatchCall = ServerWritableStream<HealthCheckRequest, HealthCheckResponse>;

/**
 * A service is the server, by the empty name and the inference service's, or a model, by its name or alias, or
 * `name/version` for one version of it.
 */
export function createHealth({ dataPlane, repository, log, struck }: Parts, streams: OpenStreams): Health {
  const modelStatus = (service: string): ServingStatus => {
    const [name = '', version = '', ...rest] = service.split('/');
    if (rest.length > 0) return 'SERVICE_UNKNOWN';
    try {
      return !dataPlane.draining && dataPlane.modelReady(name, version) ? 'SERVING' : 'NOT_SERVING';
    } catch {
      return 'SERVICE_UNKNOWN';
    }
  };
  const statusOf = (service: string, plan: CallPlan | undefined): ServingStatus => {
    const ofModel = service !== '' && service !== inferenceServiceName;
    const status = ofModel ? modelStatus(service) : dataPlane.serverReady() ? 'SERVING' : 'NOT_SERVING';
    return plan?.notReady && status === 'SERVING' ? 'NOT_SERVING' : status;
  };
  const watch = (call: WatchCall, plan: CallPlan | undefined): void => {
    const { service } = call.request;
    let last: ServingStatus | undefined;
    let writing = false;
    /** Of changes that come faster than the client reads, the last one counts. */
    const update = (): void => {
      const status = statusOf(service, plan);
      if (writing || status === last) return;
      last = status;
      writing = true;
      call.write({ status: servingStatus[status] }, () => {
        writing = false;
        update();
      });
    };
    const unsubscribe = repository.onChange(update);
    const remove = streams.add(() => {
      unsubscribe();
      // One that is being written goes out before, and this one with the end.
      writing = true;
      if (last === 'SERVING') call.write({ status: servingStatus.NOT_SERVING });
      call.end();
    });
    call.on('cancelled', () => {
      unsubscribe();
      remove();
    });
    update();
  };

  return {
    Check({ service }, _call, plan) {
      const status = statusOf(service, plan);
      if (status !== 'SERVICE_UNKNOWN') return { status: servingStatus[status] };
      throw oipError('MODEL_NOT_FOUND', `Health of ${quoteName(service)} is not known: this server has no such model`);
    },
    List(_request, _call, plan) {
      const services = ['', inferenceServiceName, ...dataPlane.modelNames()];
      return {
        statuses: Object.fromEntries(services.map((name) => [name, { status: servingStatus[statusOf(name, plan)] }])),
      };
    },
    Watch(call) {
      if (!struck.active) return watch(call, undefined);
      const called = { rpc: 'Health/Watch', model: modelOfService(call.request.service) };
      struck.run(call, called, {
        serve: (plan) => watch(call, plan),
        fail: (error) => call.emit('error', asGrpcStatus(error, log)),
      });
    },
  };
}
