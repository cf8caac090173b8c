/** What the control socket is asked, and answers: JSON of one line each. */
import * as z from 'zod';
import { type Fault, faultSchema } from '../../faults/fault.js';
import { faultKindNames, faultKinds } from '../../faults/kinds.js';
import { errorText, OipError, oipError, quoteName } from '../../protocol/status.js';
import { type Logger, stackOf } from '../telemetry/logger.js';
import type { FaultKeeper } from './fault-keeper.js';

/** What answers are made of. */
export interface ControlServer {
  keeper: FaultKeeper;
  /** Whether the server is ready, as ServerReady says it. */
  isReady(): Promise<boolean>;
  log: Logger;
}

/** Most faults of one request. */
const mostFaults = 100;

const requestSchema = z.discriminatedUnion('do', [
  z.strictObject({ do: z.literal('list') }),
  z.strictObject({ do: z.literal('add'), faults: z.array(z.unknown()).min(1).max(mostFaults) }),
  z.strictObject({ do: z.literal('clear'), ids: z.array(z.string().max(20)).max(10_000).optional() }),
  z.strictObject({ do: z.literal('ready') }),
]);

/** The line that answers a line; never rejects. */
export async function controlAnswer(line: Uint8Array, server: ControlServer): Promise<string> {
  try {
    return JSON.stringify({ ok: true, ...(await act(read(line), server)) });
  } catch (error) {
    if (error instanceof OipError) return refused(error.status, error.message);
    server.log.error('a request of the control socket failed', { error: stackOf(error) });
    return refused('INTERNAL', "an unexpected error; the server's log has it");
  }
}

/** The line that says what is wrong. */
export function refused(status: string, message: string): string {
  return JSON.stringify({ ok: false, error: { status, message: errorText(message) } });
}

async function act(request: z.output<typeof requestSchema>, { keeper, isReady }: ControlServer): Promise<object> {
  switch (request.do) {
    case 'list':
      return { faults: keeper.list() };
    case 'add':
      return { faults: await keeper.add(faultsOf(request.faults)) };
    case 'clear':
      return { faults: await keeper.clear(request.ids) };
    case 'ready':
      return { ready: await isReady() };
  }
}

/** Throws INVALID_ARGUMENT. */
function read(line: Uint8Array): z.output<typeof requestSchema> {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(line));
  } catch (error) {
    throw oipError('INVALID_ARGUMENT', `the request is no JSON: ${error instanceof Error ? error.message : error}`);
  }
  const parsed = requestSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const { error } = parsed;
  if (error.issues.some(({ code }) => code === 'invalid_union')) {
    throw oipError('INVALID_ARGUMENT', 'a request is {"do":"list"}, or "add" with "faults", "clear", or "ready"');
  }
  throw oipError('INVALID_ARGUMENT', `the request cannot be used: ${describeIssues(error.issues)}`);
}

/** The faults, each checked. Throws INVALID_ARGUMENT with every problem of all of them. */
function faultsOf(inputs: readonly unknown[]): Fault[] {
  const problems: string[] = [];
  const faults = inputs.flatMap((input, index): Fault[] => {
    const place = inputs.length === 1 ? '' : `faults.${index}: `;
    const kind = kindOf(input);
    if (kind === undefined) {
      problems.push(`${place}a fault is an object with its kind`);
      return [];
    }
    if (!Object.hasOwn(faultKinds, kind)) {
      problems.push(`${place}there is no fault ${quoteName(kind)}; there are ${faultKindNames.join(', ')}`);
      return [];
    }
    const parsed = faultSchema.safeParse(input);
    if (parsed.success) return [parsed.data];
    problems.push(`${place}${kind}: ${describeIssues(parsed.error.issues)}`);
    return [];
  });
  if (problems.length > 0) throw oipError('INVALID_ARGUMENT', problems.join('; '));
  return faults;
}

function kindOf(input: unknown): string | undefined {
  const kind = typeof input === 'object' && input !== null && 'kind' in input ? input.kind : undefined;
  return typeof kind === 'string' ? kind : undefined;
}

/** Messages of the schema's own say what is expected, those of Zod with that word. */
function describeIssues(issues: readonly z.core.$ZodIssue[]): string {
  return issues
    .map(({ code, path, message }) => {
      const text = code === 'unrecognized_keys' || message.includes('expected') ? message : `expected ${message}`;
      return path.length === 0 ? text : `${path.join('.')}: ${text}`;
    })
    .join('; ');
}
