/** The product's own package: its version and the files it ships. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Works from src/ as well as from dist/: both lie one level below the package's root. */
const root = new URL('../../', import.meta.url);

interface PackageJson {
  version: string;
  engines: { node: string };
}

let packageJson: PackageJson | undefined;

function ownPackage(): PackageJson {
  packageJson ??= JSON.parse(readFileSync(new URL('package.json', root), 'utf8')) as PackageJson;
  return packageJson;
}

/** Version of kserve-env, from its package.json. */
export function packageVersion(): string {
  return ownPackage().version;
}

/** The oldest Node that runs kserve-env, such as `20.19.0`: what its package.json says of `engines`. */
export function oldestNode(): string {
  return ownPackage().engines.node.replace('>=', '');
}

/** Absolute path of a file in templates/. */
export function templatePath(name: string): string {
  return fileURLToPath(new URL(`templates/${name}`, root));
}
