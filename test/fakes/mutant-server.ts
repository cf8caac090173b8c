/**
 * A server that is wrong in one way: it stands on real sockets before a real server, passes everything as it is, and
 * changes what its mutation says, over both transports alike.
 */
import type { Mutation } from './mutant-behaviour.js';
import { startMutantGrpc } from './mutant-grpc.js';
import { startMutantRest } from './mutant-rest.js';

/** A mutant that runs. */
export interface Mutant extends AsyncDisposable {
  /** `host:port`. */
  grpc: string;
  /** `http://host:port`. */
  http: string;
}

/** A mutation that is none: what passes through it must be as good as the real server. */
export const unchanged: Mutation = { name: 'unchanged', what: 'nothing is wrong', suites: [], behave: () => ({}) };

/**
 * Stands before a server of ours.
 * @param target addresses as those of the result
 */
export async function startMutant(target: { grpc: string; http: string }, mutation = unchanged): Promise<Mutant> {
  const sides: { die(): void }[] = [];
  const behaviour = mutation.behave({
    die: () => {
      for (const side of sides) side.die();
    },
  });
  const grpc = await startMutantGrpc(target.grpc, behaviour);
  const rest = await startMutantRest(target.http, behaviour);
  sides.push(grpc, rest);
  return {
    grpc: `127.0.0.1:${grpc.port}`,
    http: `http://127.0.0.1:${rest.port}`,
    async [Symbol.asyncDispose]() {
      await grpc[Symbol.asyncDispose]();
      await rest[Symbol.asyncDispose]();
    },
  };
}
