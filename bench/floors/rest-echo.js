/** Floor of REST: node:http that answers each body with itself. Prints {"httpPort": ...}. */
import { createServer } from 'node:http';
import { endWithParent } from './serve.js';

const headerLength = 'inference-header-content-length';

const server = createServer((request, response) => {
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => {
    const body = Buffer.concat(chunks);
    const binary = request.headers[headerLength];
    response.writeHead(200, {
      'content-type': request.headers['content-type'],
      'content-length': body.byteLength,
      ...(binary !== undefined && { [headerLength]: binary }),
    });
    response.end(body);
  });
});
server.listen(0, '127.0.0.1', () => console.log(JSON.stringify({ httpPort: server.address().port })));
endWithParent();
