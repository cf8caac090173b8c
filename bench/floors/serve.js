/** What the floors share: listening, saying where, and ending with the benchmark that started them. */
import { Server, ServerCredentials } from '@grpc/grpc-js';

/** Ends the process when its parent goes, however it goes. */
export function endWithParent() {
  process.on('disconnect', () => process.exit(0));
}

/** Serves one gRPC service on a port of the system's choice and prints {"grpcPort": ...}. */
export async function serveGrpc(service, implementation) {
  const server = new Server();
  server.addService(service, implementation);
  const grpcPort = await new Promise((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) =>
      error ? reject(error) : resolve(port),
    );
  });
  console.log(JSON.stringify({ grpcPort }));
  endWithParent();
}
