/** Rules between values of the config, which a schema of single values cannot say. */
import { defaultModels } from './default-models.js';
import { type Finding, show } from './problems.js';

/** Works on unvalidated input, so that these problems show together with those of the schema. */
export function checkRules(raw: unknown): Finding[] {
  return [
    ...repeatedModelNames(raw),
    ...samePorts(raw),
    ...imageSource(raw),
    ...faultModels(raw),
    ...faultCertificates(raw),
  ];
}

/** A name may be declared again in another version, so that versions can differ in what they do. */
function repeatedModelNames(raw: unknown): Finding[] {
  const findings: Finding[] = [];
  const seen = new Set<string>();
  const claim = (name: unknown, versions: unknown[], path: PropertyKey[]) => {
    if (typeof name !== 'string') return;
    const claims = versions.map((version) => `${name} ${String(version)}`);
    if (claims.some((one) => seen.has(one))) {
      findings.push({ path, expected: 'a name that no other model has, or other versions', got: show(name) });
    }
    for (const one of claims) seen.add(one);
  };
  for (const [index, model] of items(record(raw).models).entries()) {
    const { name, aliases, versions } = record(model);
    const declared = items(versions).length > 0 ? items(versions) : ['1'];
    claim(name, declared, ['models', index, 'name']);
    for (const [position, alias] of items(aliases).entries()) {
      claim(alias, declared, ['models', index, 'aliases', position]);
    }
  }
  return findings;
}

function samePorts(raw: unknown): Finding[] {
  const { grpc = 9081, http = 9080 } = record(record(raw).ports);
  if (typeof grpc !== 'number' || grpc !== http) return [];
  const got = `${show(http)} for both`;
  return [
    { path: ['ports', 'http'], otherPath: ['ports', 'grpc'], expected: 'different ports for gRPC and REST', got },
  ];
}

/** `pull` needs to know what, and no other source has a use for it. */
function imageSource(raw: unknown): Finding[] {
  const { source = 'auto', reference } = record(record(raw).image);
  const path = ['image', 'reference'];
  if (source === 'pull' && reference === undefined)
    return [{ path, otherPath: ['image', 'source'], expected: 'the image to pull', got: 'nothing' }];
  if (reference === undefined || (source !== 'host' && source !== 'build')) return [];
  const expected =
    source === 'build' ? 'nothing with source build, whose base is image.base' : 'nothing with source host';
  return [{ path, otherPath: ['image', 'source'], expected, got: show(reference) }];
}

/** A fault of a model that there is not would never strike, and the server refuses it. */
function faultModels(raw: unknown): Finding[] {
  const { faults, models = defaultModels } = record(raw);
  const names = items(models).flatMap((model) => [record(model).name, ...items(record(model).aliases)]);
  const known = names.filter((name) => typeof name === 'string');
  return items(faults).flatMap((fault, index) => {
    const { model } = record(fault);
    if (typeof model !== 'string' || known.includes(model)) return [];
    return [
      {
        path: ['faults', index, 'model'],
        expected: `one of the models (${known.slice(0, 10).join(', ')})`,
        got: show(model),
      },
    ];
  });
}

/** Only where certificates are made here there are wrong ones, too. */
function faultCertificates(raw: unknown): Finding[] {
  const { faults, tls } = record(raw);
  if (tls === 'auto' || record(tls).mode === 'auto') return [];
  return items(faults).flatMap((fault, index) => {
    const { kind } = record(fault);
    if (kind !== 'expired-certificate' && kind !== 'wrong-certificate') return [];
    return [
      { path: ['faults', index, 'kind'], expected: `tls: auto beside ${kind}`, got: `tls: ${show(tls ?? 'off')}` },
    ];
  });
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}

function items(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}
