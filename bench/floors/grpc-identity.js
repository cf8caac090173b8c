/**
 * Floor of gRPC: grpc-js with an identity codec. Messages stay bytes, and every answer is its request's bytes, which
 * grpc-js itself copies into the frame: what the framework alone costs. Prints {"grpcPort": ...}.
 */
import { serveGrpc } from './serve.js';

const same = (bytes) => bytes;

await serveGrpc(
  {
    ModelInfer: {
      path: '/inference.GRPCInferenceService/ModelInfer',
      requestStream: false,
      responseStream: false,
      requestSerialize: same,
      requestDeserialize: same,
      responseSerialize: same,
      responseDeserialize: same,
    },
  },
  { ModelInfer: (call, callback) => callback(null, call.request) },
);
