/** The product's own package: its version and the files it ships. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Works from src/ as well as from dist/: both lie one level below the package's root. */
const root = new URL('../../', import.meta.url);

let version: string | undefined;

/** Version of kserve-env, from its package.json. */
export function packageVersion(): string {
  version ??= (JSON.parse(readFileSync(new URL('package.json', root), 'utf8')) as { version: string }).version;
  return version;
}

/** Absolute path of a file in templates/. */
export function templatePath(name: string): string {
  return fileURLToPath(new URL(`templates/${name}`, root));
}
