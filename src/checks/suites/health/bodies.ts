/** The bodies of REST health: most servers send none, and some send JSON that their clients parse. */
import { modelPath } from '../../../protocol/rest-client.js';
import { type Case, expectEqual, expectThat } from '../../case.js';
import type { ServerProfile } from '../../profile.js';
import { type KnownAnswers, unusual } from '../../verdict.js';

const known: KnownAnswers = { Triton: 'no body', MLServer: 'no body', OVMS: 'no body', KServe: 'JSON' };

/** One case each for live, ready and the first model. */
export function bodyCases(server: ServerProfile): Case[] {
  if (!server.transports.includes('rest')) return [];
  const [model] = server.models;
  return [
    bodyCase(server, { what: 'live', path: '/v2/health/live', body: { live: true } }),
    // Whether it is ready may be unknown, and then the status is no matter of the body.
    ...(server.ready === true
      ? [bodyCase(server, { what: 'ready', path: '/v2/health/ready', body: { ready: true } })]
      : []),
    ...(model
      ? [
          bodyCase(server, {
            what: `model/${model.title}`,
            path: `${modelPath(model.name, model.version)}/ready`,
            body: { name: model.name, ready: true },
          }),
        ]
      : []),
  ];
}

interface HealthBody {
  what: string;
  path: string;
  body: Record<string, unknown>;
}

function bodyCase(server: ServerProfile, { what, path, body: documented }: HealthBody): Case {
  return {
    id: `health/body/${what}`,
    suite: 'health',
    title: `GET ${path} is 200, with no body or with one that says the same`,
    spec: 'OIP, Health: "A 200 status code indicates true", 4xx false; KServe\'s JSON body is an addition',
    why: "KServe's client parses the body and fails where it is something else; tritonclient looks at the status alone",
    transports: ['rest'],
    run: async (probe) => {
      const { status, headers, body } = await probe.http({ method: 'GET', path });
      expectEqual('HTTP status', status, 200);
      const text = body.toString('utf8').trim();
      if (text === '') return server.ours ? unusual(server, 'no body; expected JSON') : undefined;
      const said = parsed(text);
      if (said === undefined) return unusual(server, `a body that is no JSON object: ${text.slice(0, 60)}`, known);
      expectThat(said.live !== false && said.ready !== false, `the status says yes, the body ${text.slice(0, 60)}`);
      const type = headers['content-type'] ?? 'none';
      if (!type.startsWith('application/json')) return unusual(server, `JSON with the content type ${type}`, known);
      if (server.ours) expectEqual('body', said, documented);
      return undefined;
    },
  };
}

function parsed(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
