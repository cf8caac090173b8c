/** Mutants whose faults on demand happen to others, or not at all, or otherwise. */
import { faultHeader, parseHeaderFaults } from '../../src/faults/fault-text.js';
import { OipError, oipError } from '../../src/protocol/status.js';
import type { Behaviour } from './mutant-behaviour.js';
import { httpError } from './mutant-facts.js';
import { mutant } from './mutant-make.js';

/** Sends what asks for faults on where this holds of it. */
const asksOn = (holds: (text: string) => boolean) => (): Behaviour => ({
  headers({ [faultHeader]: text, ...others }) {
    return text === undefined || holds(String(text))
      ? { ...others, ...(text !== undefined && { [faultHeader]: text }) }
      : others;
  },
});

function isUnderstood(text: string): boolean {
  try {
    parseHeaderFaults(text);
    return true;
  } catch {
    return false;
  }
}

/** For every call that asks for a fault, one that does not is refused. */
function leaks(): Behaviour {
  const refusal = oipError('UNREACHABLE', 'a fault was injected');
  let owed = 0;
  const strikes = (asked: unknown): boolean => {
    if (asked !== undefined) owed += 1;
    else if (owed > 0) return Boolean(owed--);
    return false;
  };
  return {
    grpc: ({ headers, answer }) =>
      strikes(headers[faultHeader])
        ? {
            headers: answer.headers,
            message: undefined,
            trailers: { 'grpc-status': String(refusal.grpcCode), 'grpc-message': encodeURI(refusal.message) },
          }
        : undefined,
    http: ({ request }) => (strikes(request.headers[faultHeader]) ? httpError(refusal) : undefined),
  };
}

export const wrongFaults = [
  mutant({
    name: 'fault-header-ignored',
    what: 'a call that asks for a fault is served as any other',
    says: { faults: /^faults\/header\/.*answered.*expected/ },
    behave: asksOn(() => false),
  }),
  mutant({
    name: 'fault-leaks',
    what: 'a fault that one call asks for strikes another, too',
    says: { faults: /^faults\/header\/.*that asks for no fault: .*UNAVAILABLE/ },
    behave: leaks,
  }),
  mutant({
    name: 'fault-status-changed',
    what: 'the status that a fault is to have comes as another',
    cases: ['faults/header/status'],
    says: { faults: /^faults\/header\/status.*got UNAVAILABLE.*expected RESOURCE_EXHAUSTED/ },
    behave: () => ({
      infer: ({ answer }) =>
        answer instanceof OipError && answer.status === 'RESOURCE_EXHAUSTED'
          ? oipError('UNREACHABLE', answer.message)
          : undefined,
    }),
  }),
  mutant({
    name: 'wrong-fault-header-ignored',
    what: 'a call that asks for a fault in words that cannot be understood is served as any other',
    cases: ['faults/bad-header'],
    says: { faults: /^faults\/bad-header\/.*expected INVALID_ARGUMENT, got an answer/ },
    behave: asksOn(isUnderstood),
  }),
];
