/** What lets clients in, as rows for people. Pure. */
import type { UpReport } from '../commands/up.js';

/** A row for each file; the trust file is for programs, as `kserve-env env` names it. */
export function accessRows(access: UpReport['access']): (readonly [string, string])[] {
  const { caFile, clientCertFile, clientKeyFile, tokenFile, serverName } = access ?? {};
  const rows = [
    ['CA', caFile],
    ['certificate', clientCertFile],
    ['key', clientKeyFile],
    ['server name', serverName],
    ['token', tokenFile],
  ] as const;
  return rows.flatMap(([what, value]) => (value === undefined ? [] : [[what, value] as const]));
}
