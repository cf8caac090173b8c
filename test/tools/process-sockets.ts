/** Connections that a process has open, as Linux tells it. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** TCP connections of a process that are not listening: established, and half closed. 0 where there is no /proc. */
export function openSockets(pid: number): number {
  const connected = new Set([...inodes(`/proc/${pid}/net/tcp`), ...inodes(`/proc/${pid}/net/tcp6`)]);
  let count = 0;
  for (const descriptor of entries(`/proc/${pid}/fd`)) {
    const [, inode] = /^socket:\[(\d+)\]$/.exec(target(`/proc/${pid}/fd/${descriptor}`)) ?? [];
    if (inode !== undefined && connected.has(inode)) count++;
  }
  return count;
}

/** Of the sockets that are not listening (state 0A). */
function inodes(table: string): string[] {
  const rows = text(table).trim().split('\n').slice(1);
  return rows
    .map((row) => row.trim().split(/\s+/))
    .filter(([, , , state]) => state !== '0A')
    .map((fields) => fields[9] ?? '');
}

function text(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function entries(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

function target(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}
