/**
 * gRPC's health checking protocol.
 * Source: https://github.com/grpc/grpc/blob/master/doc/health-checking.md
 */
import { lazyService } from './lazy-service.js';

export const healthProto = 'grpc/health/v1/health.proto';
export const healthServiceName = 'grpc.health.v1.Health';

/** Numbers of HealthCheckResponse.ServingStatus. */
export const servingStatus = { SERVING: 1, NOT_SERVING: 2, SERVICE_UNKNOWN: 3 } as const;

export type ServingStatus = keyof typeof servingStatus;

/** Request of Check and Watch; an empty name asks for the whole server. */
export interface HealthCheckRequest {
  service: string;
}

/** Answer of Check, and each message of Watch. */
export interface HealthCheckResponse {
  status: number;
}

/** Answer of List. */
export interface HealthListResponse {
  statuses: Record<string, HealthCheckResponse>;
}

export const healthService = lazyService(healthProto, healthServiceName, {
  Check: { request: 'HealthCheckRequest', response: 'HealthCheckResponse' },
  Watch: { request: 'HealthCheckRequest', response: 'HealthCheckResponse', responseStream: true },
  List: { request: 'HealthListRequest', response: 'HealthListResponse' },
});
