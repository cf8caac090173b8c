/** The one table of what every error is called over gRPC and over HTTP, and the error that carries it. */

/** gRPC status names and codes. Source: https://grpc.github.io/grpc/core/md_doc_statuscodes.html */
const grpcStatusCodes = {
  OK: 0,
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  OUT_OF_RANGE: 11,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
  UNAUTHENTICATED: 16,
} as const;

export type GrpcStatus = keyof typeof grpcStatusCodes;

/** The names that an error can have. */
export const grpcStatusNames = Object.keys(grpcStatusCodes).filter((name) => name !== 'OK') as [
  GrpcStatus,
  ...GrpcStatus[],
];

/** Every cause of an error, with the status that each transport gives it. */
export const statusTable = {
  MODEL_NOT_FOUND: { grpc: 'NOT_FOUND', http: 404 },
  MODEL_NOT_READY: { grpc: 'UNAVAILABLE', http: 503 },
  /** A model that was asked to load and could not. */
  MODEL_LOAD_FAILED: { grpc: 'INTERNAL', http: 500 },
  /** A field of the request that cannot be used: name, datatype, shape, contents, parameter. */
  INVALID_ARGUMENT: { grpc: 'INVALID_ARGUMENT', http: 400 },
  /** A result that its datatype, or the form that was asked for, cannot hold. */
  OUT_OF_RANGE: { grpc: 'OUT_OF_RANGE', http: 400 },
  TOO_LARGE: { grpc: 'RESOURCE_EXHAUSTED', http: 413 },
  /** More at one time than the server's limits allow. */
  OVERLOADED: { grpc: 'RESOURCE_EXHAUSTED', http: 429 },
  UNSUPPORTED_ENCODING: { grpc: 'UNIMPLEMENTED', http: 415 },
  ROUTE_NOT_FOUND: { grpc: 'UNIMPLEMENTED', http: 404 },
  METHOD_NOT_ALLOWED: { grpc: 'UNIMPLEMENTED', http: 405 },
  UNIMPLEMENTED: { grpc: 'UNIMPLEMENTED', http: 501 },
  UNAUTHENTICATED: { grpc: 'UNAUTHENTICATED', http: 401 },
  /** A browser's page of an origin that is not allowed, or a host that is not ours. */
  FORBIDDEN: { grpc: 'PERMISSION_DENIED', http: 403 },
  CANCELLED: { grpc: 'CANCELLED', http: 499 },
  DEADLINE_EXCEEDED: { grpc: 'DEADLINE_EXCEEDED', http: 504 },
  /** The transport failed: nothing listens, or the connection broke. */
  UNREACHABLE: { grpc: 'UNAVAILABLE', http: 503 },
  INTERNAL: { grpc: 'INTERNAL', http: 500 },
} as const satisfies Record<string, { grpc: GrpcStatus; http: number }>;

export type StatusCause = keyof typeof statusTable;

/** What a client makes of an HTTP status; any other one is INTERNAL (5xx) or INVALID_ARGUMENT. */
const grpcStatusOfHttp: Readonly<Record<number, GrpcStatus>> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  405: 'UNIMPLEMENTED',
  408: 'DEADLINE_EXCEEDED',
  409: 'ABORTED',
  412: 'FAILED_PRECONDITION',
  413: 'RESOURCE_EXHAUSTED',
  415: 'UNIMPLEMENTED',
  422: 'INVALID_ARGUMENT',
  429: 'RESOURCE_EXHAUSTED',
  499: 'CANCELLED',
  501: 'UNIMPLEMENTED',
  503: 'UNAVAILABLE',
  504: 'DEADLINE_EXCEEDED',
};

const httpStatusOfGrpc: Readonly<Record<GrpcStatus, number>> = {
  OK: 200,
  CANCELLED: 499,
  UNKNOWN: 500,
  INVALID_ARGUMENT: 400,
  DEADLINE_EXCEEDED: 504,
  NOT_FOUND: 404,
  ALREADY_EXISTS: 409,
  PERMISSION_DENIED: 403,
  RESOURCE_EXHAUSTED: 413,
  FAILED_PRECONDITION: 400,
  ABORTED: 409,
  OUT_OF_RANGE: 400,
  UNIMPLEMENTED: 501,
  INTERNAL: 500,
  UNAVAILABLE: 503,
  DATA_LOSS: 500,
  UNAUTHENTICATED: 401,
};

/** Longest message of an error, in UTF-16 units: details travel in a header, percent-encoded, up to nine bytes a unit. */
export const maxErrorTextLength = 1000;

/**
 * An error of the protocol, as the server answers it and as a client sees it. Neither transport's own
 * error ever reaches a caller.
 */
export class OipError extends Error {
  /** gRPC status name, such as `NOT_FOUND`. */
  readonly status: GrpcStatus;
  /** The number of `status`. */
  readonly grpcCode: number;
  /** The HTTP status sent or received; over gRPC the one that stands for `status`. */
  readonly httpStatus: number;

  constructor(status: GrpcStatus, httpStatus: number, message: string, options?: { cause?: unknown }) {
    super(errorText(message), options);
    this.name = 'OipError';
    this.status = status;
    this.grpcCode = grpcStatusCodes[status];
    this.httpStatus = httpStatus;
  }
}

/** An error for a cause of the table. */
export function oipError(cause: StatusCause, message: string, options?: { cause?: unknown }): OipError {
  const { grpc, http } = statusTable[cause];
  return new OipError(grpc, http, message, options);
}

/** The error that a gRPC status stands for, on the client's side; an unassigned code is UNKNOWN, as gRPC says. */
export function oipErrorFromGrpc(code: number, message: string, options?: { cause?: unknown }): OipError {
  const status = grpcStatusNames.find((name) => grpcStatusCodes[name] === code) ?? 'UNKNOWN';
  return new OipError(status, httpStatusOfGrpc[status], message, options);
}

/** The error of a gRPC status by its name; undefined where no error has that name. */
export function oipErrorOfStatus(name: string, message: string, options?: { cause?: unknown }): OipError | undefined {
  if (name === 'OK' || !Object.hasOwn(grpcStatusCodes, name)) return undefined;
  const status = name as GrpcStatus;
  return new OipError(status, httpStatusOfGrpc[status], message, options);
}

/** The error that an HTTP status of 300 or more stands for, on the client's side. */
export function oipErrorFromHttp(httpStatus: number, message: string): OipError {
  const status = grpcStatusOfHttp[httpStatus] ?? (httpStatus >= 500 ? 'INTERNAL' : 'INVALID_ARGUMENT');
  return new OipError(status, httpStatus, message);
}

/**
 * `text` fit for a header: well-formed Unicode (a lone surrogate in gRPC details kills the process, since
 * grpc-js percent-encodes them), no control characters, and at most maxErrorTextLength long.
 */
export function errorText(text: string): string {
  const capped = text.length > maxErrorTextLength ? `${text.slice(0, maxErrorTextLength - 1)}…` : text;
  return capped.replace(/\p{Surrogate}/gu, '\ufffd').replace(/\p{Cc}/gu, ' ');
}

/** A name from outside, quoted and cut to a length that leaves room for the rest of a message. */
export function quoteName(name: string): string {
  // Tensors are named for every request, in case of an error: most names need no escaping, and a loop tells soonest.
  if (name.length <= 40 && isPlain(name)) return `"${name}"`;
  return JSON.stringify(name.length > 100 ? `${name.slice(0, 100)}…` : name);
}

/** Whether every character is printable ASCII, and neither a quote nor a backslash. */
function isPlain(name: string): boolean {
  for (let index = 0; index < name.length; index++) {
    const code = name.charCodeAt(index);
    if (code < 0x20 || code > 0x7e || code === 0x22 || code === 0x5c) return false;
  }
  return true;
}
