/** What the floors share: listening, saying where, and ending with the benchmark that started them. */
import { createServer } from 'node:http';
import { Server, ServerCredentials } from '@grpc/grpc-js';

/** Ends the process when its parent goes, however it goes. */
function endWithParent() {
  // An orderly exit, so that `--cpu-prof` can write its file.
  for (const event of ['disconnect', 'SIGTERM']) process.on(event, () => process.exit(0));
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

/** Answers every HTTP request with what `answer` makes of its body and headers, and prints {"httpPort": ...}. */
export function serveHttp(answer) {
  const server = createServer((request, response) => {
    const chunks = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
      const { body, headers } = answer(Buffer.concat(chunks), request.headers);
      response.writeHead(200, { ...headers, 'content-length': body.byteLength });
      response.end(body);
    });
  });
  server.listen(0, '127.0.0.1', () => console.log(JSON.stringify({ httpPort: server.address().port })));
  endWithParent();
}
