/** What `--json` promises, key by key: a new key is a decision, a lost one is a breach. */
import * as z from 'zod';

const milliseconds = z.number().nonnegative();
const endpoints = z.strictObject({ grpc: z.string().regex(/^(grpcs:\/\/)?127\.0\.0\.1:\d+$/), http: z.url() });
const path = z.string().startsWith('/');
/** Paths, and never what is in the files. */
const access = z
  .strictObject({ caFile: path, trustFile: path, clientCertFile: path, clientKeyFile: path, tokenFile: path })
  .extend({ serverName: z.string() })
  .partial();
const engine = z.strictObject({
  kind: z.enum(['docker', 'podman', 'process']),
  title: z.string(),
  endpoint: z.string(),
  os: z.string(),
  architecture: z.string(),
});
const chosenEngine = engine.extend({ reason: z.string().min(1) });
const outcome = z.enum(['create', 'recreate', 'unchanged']);
const health = z.strictObject({
  endpoint: z.string(),
  live: z.boolean(),
  ready: z.boolean(),
  models: z.array(z.strictObject({ name: z.string(), ready: z.boolean(), reason: z.string().optional() })),
  reason: z.string().optional(),
});
const verdicts = { passed: z.int(), failed: z.int(), noted: z.int(), skipped: z.int() };
const suite = z.enum([
  'health',
  'metadata',
  'infer',
  'errors',
  'streaming',
  'compression',
  'metrics',
  'concurrency',
  'repository',
]);
const plannedCase = {
  id: z.string().regex(/^[a-z]+\/./),
  suite,
  title: z.string().min(1),
  spec: z.string().min(1),
  why: z.string().min(1),
  transports: z.array(z.enum(['grpc', 'rest'])),
  model: z.string().optional(),
};
const exchanges = z.array(
  z.strictObject({
    transport: z.enum(['grpc', 'rest']),
    call: z.string(),
    request: z.array(z.string()),
    answer: z.array(z.string()),
    ms: milliseconds,
  }),
);
const checkedServer = z.strictObject({
  name: z.string(),
  version: z.string(),
  extensions: z.array(z.string()),
  models: z.array(z.string()),
});
const smoke = z.strictObject({
  environment: z.string().optional(),
  server: checkedServer,
  endpoints: endpoints.partial(),
  summary: z.strictObject(verdicts),
  suites: z.array(z.strictObject({ name: suite, ...verdicts, ms: milliseconds })),
  ms: milliseconds,
  startedAt: z.int().positive(),
  version: z.string(),
  strict: z.boolean(),
  notRun: z.int().nonnegative(),
  cases: z.array(
    z.strictObject({
      ...plannedCase,
      status: z.enum(['passed', 'failed', 'noted', 'skipped']),
      ms: milliseconds,
      message: z.string().optional(),
      repeats: z.strictObject({ runs: z.int(), failed: z.int() }).optional(),
      exchanges: exchanges.optional(),
    }),
  ),
  setUp: z
    .strictObject({
      time: z.iso.datetime(),
      engine: z.enum(['docker', 'podman', 'process']),
      phases: z.array(z.strictObject({ title: z.string(), ms: milliseconds, cached: z.boolean() })),
      totalMs: milliseconds,
      budgetMs: milliseconds,
    })
    .optional(),
  written: z.array(z.strictObject({ kind: z.enum(['junit', 'markdown', 'html']), path: z.string() })).optional(),
});

const fault = z.strictObject({
  id: z.string().min(1),
  by: z.enum(['server', 'engine']),
  text: z.string().min(1),
  conditions: z.string(),
  fault: z.looseObject({ kind: z.string() }).optional(),
  seed: z.int().nonnegative().optional(),
  addedAt: z.iso.datetime().optional(),
  remainingMs: milliseconds.optional(),
  struck: z.int().nonnegative().optional(),
});
const environment = z.string().optional();
const faultSetting = z.strictObject({
  name: z.string(),
  meaning: z.string().min(1),
  standard: z.union([z.string(), z.number(), z.boolean()]).optional(),
  main: z.literal(true).optional(),
});

const counts = z.strictObject({ ...verdicts, absent: z.int() });
const matrix = z.strictObject({
  startedAt: z.int().positive(),
  ms: milliseconds,
  version: z.string(),
  servers: z.array(
    z.strictObject({
      name: z.string(),
      endpoints: endpoints.partial(),
      server: checkedServer.optional(),
      summary: z.strictObject(verdicts).optional(),
      ms: milliseconds.optional(),
      error: z.strictObject({ code: z.string(), message: z.string() }).optional(),
    }),
  ),
  suites: z.array(z.strictObject({ name: suite, counts: z.array(counts) })),
  rows: z.array(
    z.strictObject({
      ...plannedCase,
      cells: z.array(
        z.strictObject({
          status: z.enum(['passed', 'failed', 'noted', 'skipped', 'absent']),
          message: z.string().optional(),
          ms: milliseconds.optional(),
          exchanges: exchanges.optional(),
        }),
      ),
    }),
  ),
});

const swept = z.strictObject({ name: z.string(), engine: z.string(), reason: z.string().min(1) });

const metricsRuleError = z.strictObject({
  kind: z.enum(['no-metric', 'nothing-to-infer', 'inexact-value', 'refused', 'unusable-output']),
  status: z.string().nullable(),
  message: z.string().min(1),
  count: z.int().positive(),
});
const metricsRule = z.strictObject({
  model: z.string(),
  metrics: z.array(z.string()),
  groups: z.int().nonnegative(),
  inferences: z.int().nonnegative(),
  newPoints: z.int().nonnegative(),
  errors: z.array(metricsRuleError),
});
const percentiles = z.strictObject({ p50: milliseconds, p90: milliseconds, p99: milliseconds, max: milliseconds });

export const logLine = z.strictObject({ stream: z.enum(['stdout', 'stderr']), line: z.string() });

const timedPhase = z.strictObject({ phase: z.string(), ms: milliseconds, cached: z.boolean() });
const figures = z.strictObject({
  lastMs: milliseconds,
  medianMs: milliseconds,
  minMs: milliseconds,
  maxMs: milliseconds,
  share: z.number().nonnegative(),
  budgetShare: z.number().nonnegative(),
  trend: z.array(milliseconds.nullable()),
});
const setUp = z.strictObject({
  time: z.iso.datetime(),
  name: z.string(),
  engine: z.enum(['docker', 'podman', 'process']),
  outcome: z.enum(['create', 'recreate', 'unchanged', 'failed']),
  error: z.string().optional(),
  failedPhase: z.string().optional(),
  phases: z.array(timedPhase),
  totalMs: milliseconds,
  budgetMs: milliseconds,
  version: z.string(),
});

const imageRow = z.strictObject({
  reference: z.string().min(1),
  id: z.string().startsWith('sha256:'),
  platform: z.string(),
  version: z.string().nullable(),
  source: z.string().nullable(),
});

/** `data` of each verb. */
export const dataOf = {
  init: z.strictObject({ written: z.array(z.string()), text: z.string() }),
  doctor: z.strictObject({
    checks: z.array(
      z.strictObject({
        id: z.string().regex(/^[a-z-]+$/),
        title: z.string().min(1),
        status: z.enum(['passed', 'warned', 'failed', 'skipped']),
        found: z.string().min(1),
        remedy: z.string().min(1).optional(),
        details: z.record(z.string(), z.unknown()).optional(),
      }),
    ),
    summary: z.strictObject({ passed: z.int(), warned: z.int(), failed: z.int(), skipped: z.int() }),
  }),
  up: z.strictObject({
    name: z.string(),
    engine: chosenEngine,
    outcome,
    changes: z.array(z.string()),
    image: z.strictObject({ source: z.string(), id: z.string(), digest: z.string().optional(), cached: z.boolean() }),
    endpoints,
    access: access.optional(),
    models: z.array(z.string()),
    faults: z.array(fault).optional(),
    phases: z.array(
      z.strictObject({
        phase: z.string(),
        ms: milliseconds,
        cached: z.boolean(),
        detail: z.string(),
        share: z.number().nonnegative(),
      }),
    ),
    budget: z.strictObject({
      totalMs: milliseconds,
      budgetMs: milliseconds,
      share: z.number().nonnegative(),
      over: z.boolean(),
      restMs: milliseconds,
    }),
    smoke: smoke.optional(),
    expiresAt: z.iso.datetime().optional(),
    swept: z.array(swept),
  }),
  pull: z.strictObject({
    engine: chosenEngine,
    source: z.enum(['none', 'host-runtime', 'build', 'pull']),
    reason: z.string().min(1),
    reference: z.string().nullable(),
    id: z.string().nullable(),
    digest: z.string().nullable(),
    cached: z.boolean(),
    phases: z.array(z.strictObject({ phase: z.string(), ms: milliseconds, cached: z.boolean(), detail: z.string() })),
  }),
  'image save': z.strictObject({
    path: z.string().nullable(),
    bytes: z.int().positive(),
    source: z.string(),
    reference: z.string().min(1),
    id: z.string().startsWith('sha256:'),
  }),
  'image load': z.strictObject({ engine, images: z.array(imageRow) }),
  'up --dry-run': z.strictObject({
    name: z.string(),
    engine: chosenEngine,
    outcome,
    changes: z.array(z.string()),
    dryRun: z.literal(true),
    operations: z.array(z.strictObject({ kind: z.string(), reason: z.string().min(1) })),
  }),
  status: z.strictObject({
    name: z.string(),
    state: z.enum(['absent', 'created', 'running', 'paused', 'exited', 'incomplete']),
    engine: engine.optional(),
    id: z.string().optional(),
    image: z.string().optional(),
    createdAt: z.iso.datetime().optional(),
    startedAt: z.iso.datetime().optional(),
    expiresAt: z.iso.datetime().optional(),
    endpoints: endpoints.optional(),
    access: access.optional(),
    usage: z
      .strictObject({ memoryBytes: z.number(), cpuSeconds: z.number(), memoryLimitBytes: z.number().optional() })
      .optional(),
    health: health.optional(),
    models: z.array(
      z.strictObject({
        name: z.string(),
        versions: z.array(z.string()),
        kind: z.string(),
        ready: z.boolean().optional(),
        reason: z.string().optional(),
      }),
    ),
    disconnected: z.literal(true).optional(),
    faults: z.array(fault).optional(),
    drift: z.array(z.string()).optional(),
    tried: z.array(z.looseObject({ endpoint: z.string(), outcome: z.string() })),
  }),
  health: health.extend({ transports: z.array(health.extend({ transport: z.enum(['grpc', 'rest']) })) }),
  infer: z.strictObject({
    endpoint: z.string(),
    modelName: z.string(),
    modelVersion: z.string(),
    id: z.string(),
    outputs: z.array(
      z.strictObject({
        name: z.string(),
        datatype: z.string(),
        shape: z.array(z.int()),
        data: z.array(z.union([z.number(), z.string(), z.boolean()])),
      }),
    ),
    ms: milliseconds,
  }),
  smoke,
  matrix,
  'smoke --list': z.strictObject({
    server: z.strictObject({ name: z.string(), version: z.string(), models: z.array(z.string()) }),
    asked: z.boolean(),
    cases: z.array(z.strictObject(plannedCase)),
  }),
  metrics: z.strictObject({
    endpoint: z.string(),
    format: z.enum(['json', 'protobuf']),
    rules: z.array(
      metricsRule.extend({
        modelVersion: z.string().nullable(),
        newMetrics: z.int().nonnegative(),
        names: z.array(z.string()),
        leftOut: z.array(
          z.strictObject({
            reason: z.enum(['no-value', 'short-window', 'not-aligned']),
            count: z.int().positive(),
            example: z.string().min(1),
          }),
        ),
      }),
    ),
    originals: z.strictObject({ metrics: z.int().nonnegative(), unchanged: z.literal(true) }),
    ms: milliseconds,
    path: z.string().nullable(),
    output: z.unknown(),
  }),
  'metrics --series': z.strictObject({
    endpoint: z.string(),
    series: z.int().positive(),
    hosts: z.int().positive(),
    format: z.enum(['json', 'protobuf']),
    seed: z.int().nonnegative(),
    scrapes: z.int().nonnegative(),
    points: z.int().nonnegative(),
    newPoints: z.int().nonnegative(),
    inferences: z.int().nonnegative(),
    seconds: z.number().positive(),
    scrapesPerSecond: z.number().nonnegative(),
    pointsPerSecond: z.number().nonnegative(),
    inferencesPerSecond: z.number().nonnegative(),
    asked: z.strictObject({ scrapesPerSecond: z.number().positive(), reached: z.boolean() }).nullable(),
    latencyMs: z.strictObject({ inference: percentiles, scrape: percentiles }),
    bytes: z.strictObject({ read: z.int().nonnegative(), written: z.int().nonnegative() }),
    shares: z.strictObject({
      encode: z.number(),
      read: z.number(),
      infer: z.number(),
      write: z.number(),
      idle: z.number(),
    }),
    rules: z.array(metricsRule),
  }),
  'fault add': z.strictObject({
    environment,
    added: z.array(fault),
    engine: z.strictObject({ name: z.string(), forMs: milliseconds.optional(), takenBack: z.boolean() }).optional(),
  }),
  'fault list': z.strictObject({ environment, faults: z.array(fault) }),
  'fault clear': z.strictObject({ environment, cleared: z.array(fault), missing: z.array(z.string()) }),
  'fault kinds': z.strictObject({
    kinds: z.array(
      z.strictObject({
        kind: z.string(),
        by: z.enum(['server', 'engine']),
        meaning: z.string().min(1),
        concern: z.string(),
        trigger: z.string(),
        settings: z.array(faultSetting),
      }),
    ),
    conditions: z.array(faultSetting),
  }),
  'fault run': z.strictObject({
    environment,
    scenario: z.string().min(1),
    seed: z.int().nonnegative(),
    speed: z.number().positive(),
    dryRun: z.literal(true).optional(),
    steps: z.array(
      z.strictObject({
        atMs: milliseconds,
        text: z.string().min(1),
        lateMs: milliseconds.optional(),
        tookMs: milliseconds.optional(),
        ids: z.array(z.string()).optional(),
      }),
    ),
    planned: z.int().nonnegative(),
    lengthMs: milliseconds,
    takenBack: z.array(fault),
  }),
  'fault scenarios': z.strictObject({
    scenarios: z.array(
      z.strictObject({
        name: z.string(),
        description: z.string().min(1),
        lengthMs: milliseconds,
        steps: z.array(z.looseObject({ at: z.string() })),
        repeat: z.strictObject({ times: z.int() }).optional(),
      }),
    ),
  }),
  logs: z.strictObject({ lines: z.array(logLine) }),
  env: z.strictObject({
    format: z.string(),
    variables: z.record(z.string(), z.string().nullable()),
    script: z.string(),
  }),
  timings: z.strictObject({
    name: z.string().optional(),
    history: z.string(),
    cleared: z.boolean(),
    groups: z.array(
      z.strictObject({
        name: z.string(),
        engine: z.string(),
        setUps: z.int(),
        unchanged: z.int(),
        failed: z.record(z.string(), z.int()),
        budgetMs: milliseconds,
        phases: z.array(figures.extend({ phase: z.string(), runs: z.int(), cached: z.int() })),
        rest: figures.optional(),
        total: figures.optional(),
        runs: z.array(setUp),
      }),
    ),
  }),
  completion: z.strictObject({ shell: z.enum(['bash', 'zsh', 'fish']), script: z.string() }),
  down: z.strictObject({
    name: z.string().nullable(),
    dryRun: z.boolean(),
    declined: z.literal(true).optional(),
    removed: z.array(z.strictObject({ name: z.string(), engine: z.string(), id: z.string(), state: z.string() })),
    removedImages: z.array(z.string()),
    swept: z.array(swept),
  }),
  ls: z.strictObject({
    environments: z.array(
      z.strictObject({
        name: z.string(),
        state: z.enum(['created', 'running', 'paused', 'exited', 'incomplete']),
        engine: z.string(),
        id: z.string(),
        endpoints: endpoints.optional(),
        since: z.iso.datetime().optional(),
        models: z.int().optional(),
        configFile: z.string().optional(),
        expiresAt: z.iso.datetime().optional(),
        unfinished: z.string().optional(),
      }),
    ),
  }),
} as const;

export type Verb = keyof typeof dataOf;

const error = z.strictObject({
  code: z.string().regex(/^[A-Z][A-Z_]+$/),
  message: z.string().min(1),
  hint: z.string().min(1).nullable(),
  retryable: z.boolean(),
  details: z.record(z.string(), z.unknown()),
});

/** An answer that is no error, or one that found a failure and still has its data. */
export function answerOf(verb: Verb, status: 'ok' | 'error') {
  return z.strictObject({
    schemaVersion: z.literal(1),
    command: z.literal(verb.split(' ')[0] ?? ''),
    status: z.literal(status),
    data: dataOf[verb],
    warnings: z.array(z.string()),
    error: status === 'ok' ? z.null() : error,
  });
}

/** One line of `up --events`, other than the last. */
const time = z.iso.datetime();
export const upEvent = z.discriminatedUnion('event', [
  z.strictObject({ event: z.literal('phase-started'), time, phase: z.string(), title: z.string() }),
  z.strictObject({ event: z.literal('phase-detail'), time, phase: z.string(), detail: z.string() }),
  z.strictObject({ event: z.literal('phase-finished'), time, detail: z.string(), ...timedPhase.shape }),
  z.strictObject({ event: z.literal('phase-failed'), time, phase: z.string(), ms: milliseconds }),
  z.strictObject({ event: z.literal('note'), time, text: z.string() }),
  z.strictObject({ event: z.literal('warning'), time, text: z.string() }),
]);

/** The last line: the answer of `--json`, and that it is the result. */
export const resultEvent = { event: z.literal('result'), time };

/** The answer of a command that could not do its work. */
export function errorAnswerOf(command: string) {
  return z.strictObject({
    schemaVersion: z.literal(1),
    command: z.literal(command),
    status: z.literal('error'),
    data: z.null(),
    warnings: z.array(z.string()).length(0),
    error,
  });
}
