/** `matrix`: the cases of `smoke` against several servers, side by side. */
import { resolve } from 'node:path';
import { suiteNames } from '../checks/case.js';
import {
  type MatrixColumn,
  type MatrixReport,
  matrixCounts,
  matrixRows,
  type ServerRun,
} from '../checks/report/matrix.js';
import { countOfTold, countsText } from '../checks/report/run-report.js';
import { ExitCode, KServeEnvError, UsageError } from '../errors.js';
import type { CommandContext, CommandResult, CommonOptions } from './context.js';
import type { HeaderOptions } from './endpoint-headers.js';
import { type TlsOptions, tlsFlagsGiven } from './endpoint-tls.js';
import { type ServerAddress, serverAddress } from './find-environment.js';
import {
  assertKnown,
  isEnvironment,
  type MatrixServer,
  type ServerExpectation,
  serversOfWords,
} from './matrix-words.js';
import { packageVersion } from './package-info.js';
import { configuredServer, type SmokeReport, type SmokeSettings, smokeServer } from './smoke.js';
import { assertPlace, writeText } from './smoke-report-files.js';

export type { MatrixServer, ServerExpectation } from './matrix-words.js';

/** How servers are spoken to that are given by their address: headers and token go to all, TLS to those that have it. */
export type MatrixConnection = Omit<TlsOptions, 'tls' | 'serverName'> & HeaderOptions;

/** Options of `matrix`. */
export interface MatrixOptions
  extends CommonOptions,
    MatrixConnection,
    Omit<SmokeSettings, 'expectations' | 'bail' | 'repeat' | 'strict'> {
  /** Columns; the environment alone unless given. */
  servers?: readonly MatrixServer[];
  /** What models compute, on one of the servers or on all of them. */
  expectations?: readonly ServerExpectation[];
  /** Names of servers on which a failed case fails the command; without it a matrix only describes. */
  failOn?: readonly string[];
  /** File to write the whole matrix to, in Markdown; relative to the directory of the command. */
  markdown?: string;
}

/** A case failed on a server where none may. */
export class MatrixFailedError extends KServeEnvError {
  constructor({ name, summary }: MatrixColumn, first: string) {
    super(
      'SMOKE_FAILED',
      ExitCode.checkFailed,
      `${summary?.failed ?? 0} of ${told(summary)} checks failed on ${name}; first: ${first}`,
      {
        hint: 'the failures are listed above',
        details: { server: name, summary },
      },
    );
  }
}

/** Cases that told something of a server; none of one that could not be checked. */
function told(summary: MatrixColumn['summary']): number {
  return summary === undefined ? 0 : countOfTold(summary);
}

/** A server, and where it is; or why that is not known. */
interface Place {
  server: MatrixServer;
  address: ServerAddress | KServeEnvError;
}

/**
 * Runs every case against one server after another, so that none of them is in another's way. A server that does not
 * answer is a failure, and the others are checked all the same.
 * @throws UsageError for addresses, names and files that cannot be used, before any server is asked
 */
export async function matrix(options: MatrixOptions, context: CommandContext): Promise<CommandResult<MatrixReport>> {
  const startedAt = Date.now();
  const start = performance.now();
  const file = options.markdown === undefined ? undefined : resolve(context.cwd, options.markdown);
  if (file !== undefined) await assertPlace(file, '--markdown');
  const places = await placesOf(options, context);
  const columns: MatrixColumn[] = [];
  const runs: ServerRun[] = [];
  let lost: KServeEnvError | undefined;
  for (const { server, address } of places) {
    const found = address instanceof KServeEnvError ? address : await checkOne(server, address, options, context);
    if (found instanceof KServeEnvError) {
      lost ??= aboutServer(server.name, found);
      columns.push(columnOfError(server, found));
      runs.push({ models: [], extensions: [], cases: [], lost: true });
      context.progress.note(`${server.name}: ${found.message}`);
    } else {
      const { server: said, endpoints, summary, ms, cases } = found;
      columns.push({ name: server.name, endpoints, server: said, summary, ms });
      runs.push({ models: said.models, extensions: said.extensions, cases });
    }
  }
  const rows = matrixRows(runs);
  const data: MatrixReport = {
    startedAt,
    ms: Math.round((performance.now() - start) * 10) / 10,
    version: packageVersion(),
    servers: columns,
    suites: suiteNames
      .filter((name) => rows.some(({ suite }) => suite === name))
      .map((name) => ({ name, counts: matrixCounts(rows, columns.length, name) })),
    rows,
  };
  if (file !== undefined) {
    const { markdownMatrix } = await import('../checks/report/matrix-markdown.js');
    const { cwd, signal } = context;
    await writeText(markdownMatrix(data), { path: file, flag: '--markdown', cwd, signal });
  }
  const failure = lost ?? failureOf(data, options.failOn ?? []);
  const warnings = places.flatMap(({ address }) => (address instanceof KServeEnvError ? [] : (address.warnings ?? [])));
  return { data, warnings: [...new Set(warnings)], ...(failure && { failure }) };
}

/** Usage is told before any server is asked, and whatever else there is. */
async function placesOf(options: MatrixOptions, context: CommandContext): Promise<Place[]> {
  const servers = options.servers ?? serversOfWords([]);
  for (const name of options.failOn ?? []) assertKnown('--fail-on', name, servers);
  const tls = tlsFlagsGiven(options);
  if (tls.length > 0 && !servers.some(hasTls)) {
    throw new UsageError(`${tls.join(' and ')} ${tls.length === 1 ? 'means' : 'mean'} nothing without TLS`, {
      hint: 'give a server grpcs://host:port or an https URL',
    });
  }
  const places: Place[] = [];
  for (const server of servers) places.push({ server, address: await addressOf(server, options, context) });
  return places;
}

function hasTls({ grpc = '', http = '' }: MatrixServer): boolean {
  return /^grpcs:/i.test(grpc) || /^https:/i.test(http);
}

/** That no environment runs is for a column to say. */
async function addressOf(
  server: MatrixServer,
  options: MatrixOptions,
  context: CommandContext,
): Promise<ServerAddress | KServeEnvError> {
  const flags = { ...(options.flags && { flags: options.flags }) };
  const { grpc, http } = server;
  if (!isEnvironment(server)) {
    const given = { ...(grpc !== undefined && { endpoint: grpc }), ...(http !== undefined && { restUrl: http }) };
    return await serverAddress({ ...connectionOf(server, options), ...flags, ...given }, context);
  }
  try {
    return await serverAddress(flags, context);
  } catch (error) {
    context.signal.throwIfAborted();
    if (!(error instanceof KServeEnvError) || error.exitCode === ExitCode.usage) throw error;
    return error;
  }
}

/** What of it the server can do with. */
function connectionOf(server: MatrixServer, options: MatrixConnection): MatrixConnection {
  const { token, tokenFile, headers, cacert, cert, key, insecure } = options;
  return {
    ...(token !== undefined && { token }),
    ...(tokenFile !== undefined && { tokenFile }),
    ...(headers && { headers }),
    ...(hasTls(server) && {
      ...(cacert !== undefined && { cacert }),
      ...(cert !== undefined && { cert }),
      ...(key !== undefined && { key }),
      ...(insecure !== undefined && { insecure }),
    }),
  };
}

async function checkOne(
  { name }: MatrixServer,
  address: ServerAddress,
  options: MatrixOptions,
  context: CommandContext,
): Promise<SmokeReport | KServeEnvError> {
  const { progress, signal } = context;
  const expectations = (options.expectations ?? []).filter(({ server = name }) => server === name);
  const start = performance.now();
  progress.phaseStarted('smoke');
  try {
    const named = { ...progress, phaseDetail: (detail: string) => progress.phaseDetail(`${name}: ${detail}`) };
    const report = await smokeServer(
      address,
      configuredServer(address),
      { ...context, progress: named },
      { ...options, expectations },
    );
    const detail = `${name}: ${countsText(report.summary)}`;
    progress.phaseFinished({ phase: 'smoke', ms: report.ms, cached: false, detail });
    return report;
  } catch (error) {
    progress.phaseFailed('smoke', Math.round(performance.now() - start));
    signal.throwIfAborted();
    if (!(error instanceof KServeEnvError)) throw error;
    return error;
  }
}

function columnOfError({ name, grpc, http }: MatrixServer, { code, message }: KServeEnvError): MatrixColumn {
  const endpoints = { ...(grpc !== undefined && { grpc }), ...(http !== undefined && { http }) };
  return { name, endpoints, error: { code, message } };
}

/** The same error, whose message names the server. */
function aboutServer(name: string, error: KServeEnvError): KServeEnvError {
  const { code, exitCode, message, hint, retryable, details } = error;
  return new KServeEnvError(code, exitCode, `${name}: ${message}`, {
    ...(hint !== undefined && { hint }),
    retryable,
    details: { ...details, server: name },
    cause: error,
  });
}

function failureOf({ servers, rows }: MatrixReport, failOn: readonly string[]): KServeEnvError | undefined {
  if (servers.every(({ summary }) => told(summary) === 0)) {
    return new KServeEnvError(
      'SMOKE_EMPTY',
      ExitCode.checkFailed,
      'No case was run on any server, so nothing is known',
      {
        hint: 'kserve-env smoke --list shows the cases there are',
      },
    );
  }
  for (const [index, column] of servers.entries()) {
    const first = rows.find(({ cells }) => cells[index]?.status === 'failed');
    if (first && failOn.includes(column.name)) return new MatrixFailedError(column, first.title);
  }
  return undefined;
}
