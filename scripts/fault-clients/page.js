/** Makes docs/fault-clients.md of what the clients have seen. Pure: data in, text out. */
import { isAnswered } from './trials.js';

/** Characters of a message that are shown. */
const shownMessage = 150;

/**
 * The page.
 *
 * @param {{ trial: object, seen: Record<string, { struck: object, afterwards: object[], same: boolean }> }[]} rows
 * @param {{ names: Record<'grpc' | 'rest', string[]>, titles: Record<string, string>, deadlineMs: number }} facts keys of
 *   the clients by transport, and their names with versions by key
 * @returns {string}
 */
export function faultClientsPage(rows, { names, titles, deadlineMs }) {
  return `${[
    '# What clients see of each fault',
    introduction(titles, names, deadlineMs),
    legend(deadlineMs),
    '## gRPC',
    transportTable(rows, names.grpc, titles, deadlineMs),
    '## REST',
    transportTable(rows, names.rest, titles, deadlineMs),
    missing,
    '## What the errors say',
    saying,
    '### gRPC messages',
    messageTable(rows, names.grpc, titles),
    '### REST messages',
    messageTable(rows, names.rest, titles),
    '## What to make of it',
    advice,
  ].join('\n\n')}\n`;
}

function introduction(titles, names, deadlineMs) {
  const list = (keys) => keys.map((key) => titles[key]).join(', ');
  return `How a client shows a fault is the client's own affair, and no two agree. This is what was seen with real ones, each with
its settings as they come: over gRPC ${list(names.grpc)};
over REST ${list(names.rest)}. \`npm run fault-clients\` starts a server for each fault, has every client call once without it, once with it and then again, and writes this page.
[Faults](faults.md) says what each one is and how to ask for it. Every call allows ${deadlineMs / 1_000} s: over gRPC by its deadline,
over REST by the client's own time-out.`;
}

function legend(deadlineMs) {
  return `- **at once**: well before the time-out. **at the time-out**: after the ${deadlineMs / 1_000} s, which are the client's own; without a time-out it
  would wait on, mostly for ever. **late**: between the two.
- **wrong answer**: the client takes it for a good one. Only who looks at the values, shapes and datatypes finds out.
- **↻** the next call of the same client, once the fault is over, is answered. **↻ later**: it fails, and one within six seconds is answered:
  the client waits before it connects again, and fails all calls meanwhile. **✖** none is answered within six seconds: the connection
  is lost, and the client does not know.`;
}

const missing = `Not in the tables: \`memory-kill\`, of which a client sees what it sees of \`crash\`; \`expired-certificate\` and \`wrong-certificate\`, which fail
the handshake of TLS in every client that checks certificates.`;

const advice = `- **Set a deadline on every call.** \`hang\`, \`half-open\`, \`unresponsive\` and \`freeze\` end by nothing else. A time-out of \`requests\` is for
  each wait on the socket, and not for the call: an answer that drips outlives it.
- **Turn keepalive on** where connections live long: without it a gRPC client stays on a connection that is half open, and every call on
  it runs into its deadline. grpc-go takes no interval below 10 s. grpcio waits a minute for the answer to a ping, whatever
  \`grpc.keepalive_timeout_ms\` says: what counts there is \`grpc.http2.ping_timeout_ms\`, as set for the row above.
- **Wait for the connection** (\`wait_for_ready\`, or a retry after a second) where a server may be restarted: a gRPC client that was refused once
  fails every call at once until it has tried again by itself.
- **UNAVAILABLE is not enough to know what happened**: a connection that was refused, reset, or ended within the answer looks the same, and the
  server may have done the work. Retry what may be done twice.
- **INTERNAL and UNKNOWN can come from the client itself**, for an answer that cannot be read: no retry helps. RESOURCE_EXHAUSTED is the
  client's own word, too, for an answer beyond its limit of 4 MB.
- **Check what you get.** A wrong shape, datatype or number of elements is no error to any of these clients.`;

const saying = `The messages that come with the errors above: what stands in the log of a user. Where the server itself answers with an
error, such as \`not-ready\` and \`status\`, every client gives its message as it is; these are left out here.`;

/** Rows of the clients, of which some trials are not for. */
const rowsOf = (rows, keys) => rows.filter(({ seen }) => keys.some((key) => seen[key] !== undefined));

const faultCell = ({ trial }) => `\`${trial.fault}\`: ${trial.about}`;

function transportTable(rows, keys, titles, deadlineMs) {
  return table(
    ['fault', ...keys.map((key) => titles[key])],
    rowsOf(rows, keys).map((row) => [
      faultCell(row),
      ...keys.map((key) => outcomeCell(row.seen[key], row.trial.deadlineMs ?? deadlineMs)),
    ]),
  );
}

function messageTable(rows, keys, titles) {
  const failing = rowsOf(rows, keys).filter(
    ({ seen }) => new Set(keys.map((key) => seen[key].struck.message)).size > 1,
  );
  return table(
    ['fault', ...keys.map((key) => titles[key])],
    failing.map((row) => [`\`${row.trial.fault}\``, ...keys.map((key) => messageCell(row.seen[key].struck.message))]),
  );
}

/** `UNAVAILABLE at once ↻`. */
function outcomeCell({ struck, afterwards, same }, deadlineMs) {
  const what = isAnswered(struck) && !same ? `${struck.status}, wrong answer,` : struck.status;
  return `${what} ${when(struck, deadlineMs)} ${again(afterwards)}`;
}

/** When a call ended, in words that are the same each time. */
function when({ ms }, deadlineMs) {
  const share = ms / deadlineMs;
  if (share >= 0.97 && share <= 1.5) return 'at the time-out';
  // What takes longer than a call does by itself, whatever the machine has to do.
  if (ms < 300) return 'at once';
  return ms < deadlineMs && ms < 1_000 ? 'late' : `after ${Math.round(ms / 1_000)} s`;
}

function again(afterwards) {
  if (!isAnswered(afterwards.at(-1))) return '✖';
  return afterwards.length === 1 ? '↻' : '↻ later';
}

function table(titles, lines) {
  return [titles, titles.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** Without what is different every time: addresses of ports and objects, times. */
function messageCell(message) {
  const lasting = message
    .replace(/\p{Cc}+/gu, ' ')
    .replace(/\b(127\.0\.0\.1|localhost):\d+(?:->127\.0\.0\.1:\d+)?/g, 'the server')
    .replace(/, port=\d+/g, '')
    .replace(/(Deadline exceeded after ).*/, '$1… s')
    .replace(/\b0x[\da-f]{6,}\b/g, '0x…')
    .replace(/\d+\.\d{3,}/g, '…');
  const shown = lasting.length > shownMessage ? `${lasting.slice(0, shownMessage - 1)}…` : lasting;
  return shown.replace(/[\\`*_[\]<>|~#!&@]/g, '\\$&');
}
