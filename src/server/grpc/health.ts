/** gRPC's health checking protocol, for the server and for each model. */
import type { handleServerStreamingCall } from '@grpc/grpc-js';
import {
  type HealthCheckRequest,
  type HealthCheckResponse,
  type HealthListResponse,
  type ServingStatus,
  servingStatus,
} from '../../protocol/health-service.js';
import { inferenceServiceName } from '../../protocol/service-definition.js';
import { oipError, quoteName } from '../../protocol/status.js';
import type { ServerParts } from '../transport.js';
import type { OpenStreams } from './open-streams.js';

type Parts = Pick<ServerParts, 'dataPlane' | 'repository'>;

export interface Health {
  Check(request: HealthCheckRequest): HealthCheckResponse;
  List(): HealthListResponse;
  Watch: handleServerStreamingCall<HealthCheckRequest, HealthCheckResponse>;
}

/**
 * A service is the server, by the empty name and the inference service's, or a model, by its name or alias, or
 * `name/version` for one version of it.
 */
export function createHealth({ dataPlane, repository }: Parts, streams: OpenStreams): Health {
  const modelStatus = (service: string): ServingStatus => {
    // No name of a model has a slash in it.
    const [name = '', version = '', ...rest] = service.split('/');
    if (rest.length > 0) return 'SERVICE_UNKNOWN';
    try {
      return !dataPlane.draining && dataPlane.modelReady(name, version) ? 'SERVING' : 'NOT_SERVING';
    } catch {
      return 'SERVICE_UNKNOWN';
    }
  };
  const statusOf = (service: string): ServingStatus => {
    if (service !== '' && service !== inferenceServiceName) return modelStatus(service);
    return dataPlane.serverReady() ? 'SERVING' : 'NOT_SERVING';
  };

  return {
    Check({ service }) {
      const status = statusOf(service);
      if (status !== 'SERVICE_UNKNOWN') return { status: servingStatus[status] };
      throw oipError('MODEL_NOT_FOUND', `Health of ${quoteName(service)} is not known: this server has no such model`);
    },
    List() {
      const services = ['', inferenceServiceName, ...dataPlane.modelNames()];
      return {
        statuses: Object.fromEntries(services.map((name) => [name, { status: servingStatus[statusOf(name)] }])),
      };
    },
    Watch(call) {
      const { service } = call.request;
      let last: ServingStatus | undefined;
      let writing = false;
      /** Of changes that come faster than the client reads, the last one counts. */
      const update = (): void => {
        const status = statusOf(service);
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
    },
  };
}
